"""Store the scores that the supernet of a trial gives to candidates."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; trials so far have no candidates."""
    op.add_column("trials", sa.Column("candidates", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("trials", "candidates")
