"""Store the signals of trials; in the curves, the norms of α and the eigenvalue of its Hessian."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; trials so far have none of it."""
    op.add_column("trials", sa.Column("signals", sa.JSON))
    op.add_column("trials", sa.Column("signal_seconds", sa.Double))
    for name in ("plasticity_sup", "plasticity_edge"):
        op.add_column("curves", sa.Column(name, sa.JSON(none_as_null=True)))
    op.add_column("curves", sa.Column("eigenvalue", sa.Double))


def downgrade() -> None:
    """Drop the columns."""
    for name in ("eigenvalue", "plasticity_edge", "plasticity_sup"):
        op.drop_column("curves", name)
    op.drop_column("trials", "signal_seconds")
    op.drop_column("trials", "signals")
