"""The tables of a store, as the newest migration leaves them.

studies ─┬─ configurations ── evaluations ── trials ── curves
         └─ workers

The keys follow BOHB's names. A configuration is identified by (study, iteration, rung, number).
An evaluation adds (epochs, purpose, part), and also has a short id. A trial adds its position among
the seeds of the evaluation; a row of a curve adds its phase and epoch.
"""

from datetime import UTC, datetime

import sqlalchemy as sa

SCHEMA = "0006"
"""Revision of the newest migration. Revisions have four digits each, so they compare as text."""
OLDEST_READABLE = "0004"
"""Oldest revision that this version reads without an upgrade: newer ones only add columns."""

VERSION_TABLE = "dartboard_version"
"""Table in which alembic keeps the revision; it distinguishes a store from any other database."""

metadata = sa.MetaData()


class Moment(sa.TypeDecorator[datetime]):
    """A point in time, in UTC in Python and in the database; SQLite itself stores no time zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Mark as UTC what SQLite returns without a time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


studies = sa.Table(
    "studies",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("versions", sa.JSON, nullable=False),
    sa.Column("state", sa.String, nullable=False),
    sa.Column("created", Moment, nullable=False),
    sa.Column("changed", Moment, nullable=False),
    sa.Column("version_changes", sa.JSON),
    sa.Column("kind", sa.String, nullable=False, server_default="study"),
    sa.Column("campaign", sa.String),
)
"""One row per study and per condition of a campaign: ``kind`` is ``study`` or ``cell``.

A condition has the kind ``cell`` for historical reasons. ``version_changes`` lists each time that
a study resumed under other versions: ``at`` (UTC), ``after`` (the last sequence number before),
and the versions that differ, ``from`` and ``to``. It is null if that never happened."""

configurations = sa.Table(
    "configurations",
    metadata,
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

evaluations = sa.Table(
    "evaluations",
    metadata,
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
    sa.Column("submitted", Moment, nullable=False),
    sa.Column("started", Moment),
    sa.Column("finished", Moment),
    sa.Column("submitted_sequence", sa.Integer, nullable=False),
    sa.Column("ended_sequence", sa.Integer),
    sa.Column("seeds", sa.Integer),
    sa.ForeignKeyConstraint(
        ["study_id", "iteration", "rung", "number"],
        [f"configurations.{key}" for key in ("study_id", "iteration", "rung", "number")],
        ondelete="CASCADE",
    ),
    sa.UniqueConstraint("study_id", "iteration", "rung", "number", "epochs", "purpose", "part"),
)

trials = sa.Table(
    "trials",
    metadata,
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
    sa.Column("signals", sa.JSON),
    sa.Column("signal_seconds", sa.Double),
    sa.Column("candidates", sa.JSON(none_as_null=True)),
)
"""``signals`` maps the names of signals to values; it is null in trials of version 0.1.0.
``candidates`` has the scores of given architectures by name, each a list."""

curves = sa.Table(
    "curves",
    metadata,
    sa.Column("evaluation_id", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("phase", sa.String, primary_key=True),
    sa.Column("epoch", sa.Integer, primary_key=True),
    sa.Column("train_loss", sa.Double, nullable=False),
    sa.Column("psnr", sa.Double, nullable=False),
    sa.Column("validation_loss", sa.Double),
    sa.Column("entropy", sa.Double),
    sa.Column("alpha_norm", sa.Double),
    sa.Column("plasticity_sup", sa.JSON(none_as_null=True)),
    sa.Column("plasticity_edge", sa.JSON(none_as_null=True)),
    sa.Column("eigenvalue", sa.Double),
    sa.ForeignKeyConstraint(
        ["evaluation_id", "position"],
        ["trials.evaluation_id", "trials.position"],
        ondelete="CASCADE",
    ),
    sqlite_with_rowid=False,
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column(
        "study_id",
        sa.Integer,
        sa.ForeignKey("studies.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("host", sa.String, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("device", sa.String, nullable=False),
    sa.Column("engine", sa.String, nullable=False),
    sa.Column("evaluation", sa.String),
    sa.Column("attempt", sa.Integer),
    sa.Column("heard", Moment, nullable=False),
)
"""Live workers of a study, as its master saw them last; only for display."""
