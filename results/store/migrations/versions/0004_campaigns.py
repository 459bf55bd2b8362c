"""Store the conditions of campaigns as rows of ``studies``, and the seeds per evaluation."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; all existing rows are studies."""
    op.add_column("studies", sa.Column("kind", sa.String, nullable=False, server_default="study"))
    op.add_column("studies", sa.Column("campaign", sa.String))
    op.add_column("evaluations", sa.Column("seeds", sa.Integer))


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("evaluations", "seeds")
    op.drop_column("studies", "campaign")
    op.drop_column("studies", "kind")
