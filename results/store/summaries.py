"""How far all studies and conditions of a store are, in a fixed number of queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from results.store.schema import evaluations, studies, trials


@dataclass(frozen=True, slots=True)
class Summary:
    """How far a study or a condition of a campaign is, as its rows say."""

    name: str
    """Name of the study, or ``campaign/condition``."""
    campaign: str | None
    """Name of the campaign; None for a study."""
    settings: Mapping[str, Any]
    """Settings as they were stored."""
    state: str
    """State as it was stored."""
    finished: int
    """Number of BOHB's evaluations that finished."""
    scored: int
    """Number of trials that finished; counted only for a condition."""
    best: tuple[float, int] | None
    """Loss and epochs of the incumbent: the smallest loss on the largest budget with a loss."""
    last_activity: datetime | None
    """Time of the last submission, lease or end of an evaluation; UTC."""


_PROGRESS = sa.select(
    evaluations.c.study_id,
    sa.func.count()
    .filter(evaluations.c.purpose == "study", evaluations.c.state == "finished")
    .label("finished"),
    sa.func.max(evaluations.c.submitted).label("submitted"),
    sa.func.max(evaluations.c.started).label("started"),
    sa.func.max(evaluations.c.finished).label("ended"),
).group_by(evaluations.c.study_id)

_RANKED = (
    sa.select(
        evaluations.c.study_id,
        evaluations.c.loss,
        evaluations.c.epochs,
        sa.func.row_number()
        .over(
            partition_by=evaluations.c.study_id,
            order_by=[
                evaluations.c.epochs.desc(),
                evaluations.c.loss,
                evaluations.c.ended_sequence,
            ],
        )
        .label("rank"),
    )
    .where(evaluations.c.purpose == "study", evaluations.c.state == "finished")
    .subquery()
)
_BEST = sa.select(_RANKED.c.study_id, _RANKED.c.loss, _RANKED.c.epochs).where(_RANKED.c.rank == 1)

_SCORED = (
    sa.select(evaluations.c.study_id, sa.func.count().label("scored"))
    .join(trials, trials.c.evaluation_id == evaluations.c.id)
    .where(evaluations.c.purpose == "campaign")
    .group_by(evaluations.c.study_id)
)


def summaries(connection: sa.Connection) -> list[Summary]:
    """Return a summary of each study and condition, oldest first."""
    progress = {row.study_id: row for row in connection.execute(_PROGRESS)}
    best = {row.study_id: (float(row.loss), row.epochs) for row in connection.execute(_BEST)}
    scored = {row.study_id: row.scored for row in connection.execute(_SCORED)}
    columns = (
        studies.c.id,
        studies.c.name,
        studies.c.campaign,
        studies.c.settings,
        studies.c.state,
    )
    found = []
    for row in connection.execute(sa.select(*columns).order_by(studies.c.id)):
        run = progress.get(row.id)
        times = [] if run is None else [run.submitted, run.started, run.ended]
        found.append(
            Summary(
                name=row.name,
                campaign=row.campaign,
                settings=row.settings,
                state=row.state,
                finished=0 if run is None else run.finished,
                scored=scored.get(row.id, 0),
                best=best.get(row.id),
                last_activity=max((time for time in times if time is not None), default=None),
            )
        )
    return found
