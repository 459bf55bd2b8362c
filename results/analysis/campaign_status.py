"""Current status of a campaign: progress and scores of each condition."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from configspace.condition import Condition
from results.frames.campaign import CampaignFrames, load_campaign_from
from results.store.events import SeenWorker, ShownState
from results.store.store import Store


@dataclass(frozen=True, slots=True)
class ConditionStatus:
    """Status of one condition; the scores are architecture PSNRs in dB, None without a score."""

    condition: Condition
    finished: int
    """Number of trials with a score."""
    crashed: int
    """Number of trials that crashed."""
    running: int
    """Number of trials that workers have leased."""
    best: float | None
    mean: float | None
    median: float | None


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """Status of one campaign."""

    name: str
    state: ShownState
    """``done`` once every condition is."""
    conditions: tuple[ConditionStatus, ...]
    seconds: float
    """Time of search and training on the workers in seconds, summed over trials."""
    workers: tuple[SeenWorker, ...]
    """Workers that were alive when the campaign's master last reported them."""
    last_activity: datetime | None
    """Time of the last submission, lease or end of a job; UTC."""

    @property
    def finished(self) -> int:
        """Number of trials with a score."""
        return sum(condition.finished for condition in self.conditions)

    @property
    def trials(self) -> int:
        """Number of trials that the campaign plans."""
        return sum(condition.condition.trials for condition in self.conditions)


def campaign_status(url: str, names: Sequence[str]) -> list[CampaignStatus]:
    """Return the status of campaigns.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.
        names: Names of the campaigns.

    Raises:
        StoreError: If the store cannot be read, or a campaign is missing.
    """
    with Store.open(url, create=False) as store:
        return [status_of(load_campaign_from(store, name), _workers(store, name)) for name in names]


def status_of(frames: CampaignFrames, workers: Sequence[SeenWorker] = ()) -> CampaignStatus:
    """Return the status of one campaign, with its live workers."""
    run, trials = frames.evaluations, frames.trials
    times = run[["submitted", "started", "finished"]].max()
    last = times.dropna().max() if times.notna().any() else None
    return CampaignStatus(
        name=frames.campaign.name,
        state=state_of(frames.conditions["state"]),
        conditions=tuple(
            _condition_status(
                condition,
                run[run["condition"] == condition.name],
                trials.loc[trials["condition"] == condition.name, "architecture_psnr"],
                crashed=int(row["crashed"]),
            )
            for condition, (_, row) in zip(
                frames.campaign.conditions, frames.conditions.iterrows(), strict=True
            )
        ),
        seconds=float(trials[["search_seconds", "retrain_seconds"]].sum().sum()),
        workers=tuple(workers),
        last_activity=None if last is None else last.to_pydatetime(),
    )


def state_of(conditions: Iterable[str]) -> ShownState:
    """Return the state of a campaign from those of its conditions."""
    states = set(conditions)
    if "running" in states:
        return "running"
    if "interrupted" in states:
        return "interrupted"
    return "done" if states == {"done"} else "stopped"


def _condition_status(
    condition: Condition, run: pd.DataFrame, psnr: "pd.Series[float]", *, crashed: int
) -> ConditionStatus:
    return ConditionStatus(
        condition=condition,
        finished=len(psnr),
        crashed=crashed,
        running=int(run.loc[run["state"] == "running", "trials"].sum()),
        best=None if psnr.empty else float(psnr.max()),
        mean=None if psnr.empty else float(psnr.mean()),
        median=None if psnr.empty else float(psnr.median()),
    )


def _workers(store: Store, name: str) -> list[SeenWorker]:
    """Return the live workers of all conditions, each worker once: as it was seen last."""
    newest: dict[str, SeenWorker] = {}
    for condition in store.campaign(name).conditions:
        for worker in store.workers(condition.study):
            if worker.name not in newest or worker.heard > newest[worker.name].heard:
                newest[worker.name] = worker
    return [newest[worker] for worker in sorted(newest)]
