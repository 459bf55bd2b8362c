"""All studies and campaigns of a store at a glance, without reading their results."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from configspace.condition import Condition
from configspace.signals import signal_of
from configspace.study import Study
from results.store.events import ShownState
from results.store.store import Store
from results.store.study_rows import parsed
from results.store.summaries import Summary


@dataclass(frozen=True, slots=True)
class StudyOverview:
    """How far a study is; see `results.analysis.status.StudyStatus` for more."""

    study: Study
    state: ShownState
    finished: int
    """Number of evaluations that finished; re-runs do not count."""
    best: tuple[float, int] | None
    """Score of the incumbent in the unit of the objective, and its epochs."""
    last_activity: datetime | None
    """Time of the last submission, lease or end of an evaluation; UTC."""


@dataclass(frozen=True, slots=True)
class CampaignOverview:
    """How far a campaign is; see `results.analysis.campaign_status.CampaignStatus` for more."""

    name: str
    state: ShownState
    problems: tuple[str, ...]
    """Names of the problems of its conditions."""
    finished: int
    """Number of trials with a score."""
    trials: int
    """Number of trials that it plans."""
    last_activity: datetime | None
    """Time of the last submission, lease or end of a job; UTC."""


def overview(url: str) -> tuple[list[StudyOverview], list[CampaignOverview]]:
    """Return all studies and all campaigns of a store, oldest first.

    The number of queries does not depend on how many there are.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.

    Raises:
        StoreError: If the store cannot be read.
    """
    with Store.open(url, create=False) as store:
        found = store.summaries()
        states = store.shown_states({one.name: one.state for one in found})
    campaigns: dict[str, list[Summary]] = {}
    for one in found:
        if one.campaign is not None:
            campaigns.setdefault(one.campaign, []).append(one)
    return (
        [_study(one, states[one.name], url) for one in found if one.campaign is None],
        [_campaign(name, many, states, url) for name, many in campaigns.items()],
    )


def state_of(conditions: Iterable[str]) -> ShownState:
    """Return the state of a campaign from those of its conditions."""
    states = set(conditions)
    if "running" in states:
        return "running"
    if "interrupted" in states:
        return "interrupted"
    return "done" if states == {"done"} else "stopped"


def _study(one: Summary, state: ShownState, url: str) -> StudyOverview:
    study = parsed(Study, one.name, one.settings, url)
    signal = signal_of(study.objective)
    return StudyOverview(
        study=study,
        state=state,
        finished=one.finished,
        best=None if one.best is None else (signal.score_of(one.best[0]), one.best[1]),
        last_activity=one.last_activity,
    )


def _campaign(
    name: str, many: Sequence[Summary], states: dict[str, ShownState], url: str
) -> CampaignOverview:
    conditions = [parsed(Condition, one.name, one.settings, url) for one in many]
    return CampaignOverview(
        name=name,
        state=state_of(states[one.name] for one in many),
        problems=tuple(dict.fromkeys(condition.problem.name for condition in conditions)),
        finished=sum(one.scored for one in many),
        trials=sum(condition.trials for condition in conditions),
        last_activity=max((one.last_activity for one in many if one.last_activity), default=None),
    )
