"""Store the signals of trials."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; trials so far have no signals."""
    op.add_column("trials", sa.Column("signals", sa.JSON))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("trials", "signals")
