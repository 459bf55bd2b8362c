"""Current status of a campaign: progress and scores of each condition."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from configspace.condition import Condition
from results.analysis.overview import state_of
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
        return [status_of(load_campaign_from(store, name), store.workers(name)) for name in names]


def status_of(frames: CampaignFrames, workers: Sequence[SeenWorker] = ()) -> CampaignStatus:
    """Return the status of one campaign, with its live workers."""
    run, trials = frames.evaluations, frames.trials
    times = run[["submitted", "started", "finished"]].max()
    last = times.dropna().max() if times.notna().any() else None
    # Grouped once: a campaign may have hundreds of conditions.
    scores = dict(list(trials.groupby("condition")["architecture_psnr"]))
    leased = run.loc[run["state"] == "running"].groupby("condition")["trials"].sum()
    no_score = trials.loc[[], "architecture_psnr"]
    return CampaignStatus(
        name=frames.campaign.name,
        state=state_of(frames.conditions["state"]),
        conditions=tuple(
            _condition_status(
                condition,
                scores.get(condition.name, no_score),
                crashed=int(crashed),
                running=int(leased.get(condition.name, 0)),
            )
            for condition, crashed in zip(
                frames.campaign.conditions, frames.conditions["crashed"], strict=True
            )
        ),
        seconds=float(trials[["search_seconds", "retrain_seconds", "signal_seconds"]].sum().sum()),
        workers=tuple(workers),
        last_activity=None if last is None else last.to_pydatetime(),
    )


def _condition_status(
    condition: Condition, found: "pd.Series[float]", *, crashed: int, running: int
) -> ConditionStatus:
    psnr = found.dropna()  # a supernet of a strategy trains no architecture
    return ConditionStatus(
        condition=condition,
        finished=len(found),
        crashed=crashed,
        running=running,
        best=None if psnr.empty else float(psnr.max()),
        mean=None if psnr.empty else float(psnr.mean()),
        median=None if psnr.empty else float(psnr.median()),
    )
