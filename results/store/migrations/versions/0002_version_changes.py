"""Record when a study resumes under other versions than before."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; it is null, because no existing study has changed its versions."""
    op.add_column("studies", sa.Column("version_changes", sa.JSON))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("studies", "version_changes")
