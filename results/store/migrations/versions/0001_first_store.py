"""First schema: studies, configurations, evaluations, trials and curves."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the five tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "studies",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("versions", sa.JSON, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created", moment, nullable=False),
        sa.Column("changed", moment, nullable=False),
    )
    op.create_table(
        "configurations",
        sa.Column(
            "study_id",
            sa.Integer,
            sa.ForeignKey("studies.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("iteration", sa.Integer, primary_key=True),
        sa.Column("rung", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("hyperparameters", sa.JSON, nullable=False),
        sa.Column("model_based", sa.Boolean, nullable=False),
    )
    op.create_table(
        "evaluations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("study_id", sa.Integer, nullable=False),
        sa.Column("iteration", sa.Integer, nullable=False),
        sa.Column("rung", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("epochs", sa.Integer, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("loss", sa.Double),
        sa.Column("worker", sa.String),
        sa.Column("token", sa.String),
        sa.Column("device", sa.String),
        sa.Column("engine", sa.String),
        sa.Column("failure", sa.String),
        sa.Column("message", sa.String),
        sa.Column("submitted", moment, nullable=False),
        sa.Column("started", moment),
        sa.Column("finished", moment),
        sa.Column("submitted_sequence", sa.Integer, nullable=False),
        sa.Column("ended_sequence", sa.Integer),
        sa.ForeignKeyConstraint(
            ["study_id", "iteration", "rung", "number"],
            [f"configurations.{key}" for key in ("study_id", "iteration", "rung", "number")],
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("study_id", "iteration", "rung", "number", "epochs", "purpose", "part"),
    )
    op.create_table(
        "trials",
        sa.Column(
            "evaluation_id",
            sa.Integer,
            sa.ForeignKey("evaluations.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("one_shot_psnr", sa.Double),
        sa.Column("architecture_psnr", sa.Double),
        sa.Column("architecture", sa.JSON, nullable=False),
        sa.Column("search_seconds", sa.Double),
        sa.Column("retrain_seconds", sa.Double),
    )
    op.create_table(
        "curves",
        sa.Column("evaluation_id", sa.Integer, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("phase", sa.String, primary_key=True),
        sa.Column("epoch", sa.Integer, primary_key=True),
        sa.Column("train_loss", sa.Double, nullable=False),
        sa.Column("psnr", sa.Double, nullable=False),
        sa.Column("validation_loss", sa.Double),
        sa.Column("entropy", sa.Double),
        sa.Column("alpha_norm", sa.Double),
        sa.ForeignKeyConstraint(
            ["evaluation_id", "position"],
            ["trials.evaluation_id", "trials.position"],
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop the five tables."""
    for name in ("curves", "trials", "evaluations", "configurations", "studies"):
        op.drop_table(name)
