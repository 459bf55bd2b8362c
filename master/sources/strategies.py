"""One search by a strategy as a source: its trainings and supernets, and then its best ones again.

The store is the only memory. The strategy gets the outcomes that the store has, and a restart
does the same from the beginning: so it leads to the same architectures, and nothing is trained
twice. A condition is in the store with its new architectures before these are leased.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from configspace.condition import Condition
from configspace.job import Job
from configspace.strategy_search import StrategySearch
from master.sources.base import SourceProgress, Submission
from master.sources.campaign import condition_jobs
from master.sources.fixed import FixedJobs
from master.sources.points import space_of
from master.sources.proposals import Proposals
from master.strategies.base import Ask
from master.strategies.by_name import strategy
from results.store.store import Store

Begin = Callable[[Condition], None]
"""Records in the store a condition that is new or has more architectures.

It raises a `CampaignError` if the store has the condition with other settings or architectures.
"""

FAILED = -math.inf
"""Score of a training that crashed."""


class StrategySource:
    """Serves one search: first what its strategy asks for, then the best architectures again."""

    def __init__(
        self, search: StrategySearch, store: Store, begin: Begin, *, workers: int = 1
    ) -> None:
        """Set up a search; `resume` continues from what the store has.

        Args:
            search: The search.
            store: Store of the outcomes.
            begin: See `Begin`.
            workers: Number of workers among which the trainings of an ask are divided.
        """
        self._search, self._store, self._begin, self._workers = search, store, begin, workers
        chooser = strategy(search.strategy, space_of(search), search.seed)
        self._proposals = Proposals(search, chooser)
        settings = search.strategies
        self._top = search.top((), trials=min(settings.top, settings.trainings) * settings.fresh)
        self._study = self._proposals.searching.study
        self._total = settings.trainings + self._top.trials
        self._begun: dict[str, None] = {}  # in order
        self._jobs: dict[str, FixedJobs] = {}  # the newest ones of each condition
        self._current: FixedJobs | None = None
        self._interrupted: deque[Submission] = deque()

    def resume(self) -> None:
        """Continue from what the store has, up to what must be trained.

        Raises:
            CampaignError: If the store has the search with other settings, or with architectures
                other than those that its strategy now chooses.
        """
        self._record(self._proposals.searching)
        self._record(self._top)
        self._plan()

    @property
    def studies(self) -> Sequence[str]:
        """The condition of the trainings, which stands for all where the workers are shown."""
        return (self._study,)

    @property
    def parallel(self) -> int:
        """Return 0: one job per live worker."""
        return 0

    @property
    def conditions(self) -> Sequence[str]:
        """Names of the conditions of the search that are begun."""
        return tuple(self._begun)

    def interrupted(self) -> Sequence[Submission]:
        """Return the jobs that a restart interrupted."""
        found = tuple(self._interrupted)
        self._interrupted.clear()
        return found

    def next(self) -> Submission | Literal["pending", "done"]:
        """Return the next job of what the strategy asked for, or of the best architectures."""
        while self._current is not None:
            if self._interrupted:  # in a part that was not the next one when the service started
                return replace(self._interrupted.popleft(), stored=None)
            found = self._current.next()
            if found != "done":
                return found
            if self._current.progress().lost:
                self._current = None  # a restart runs them again; the strategy must not see them
            else:
                self._plan()
        return "done"

    def finished(self, job: Job, loss: float) -> None:
        """Count a finished job."""
        self._jobs[job.study].finished(job, loss)

    def failed(self, job: Job, state: Literal["crashed", "lost"]) -> None:
        """Count a failed job."""
        self._jobs[job.study].failed(job, state)

    def progress(self) -> SourceProgress:
        """Return how far the search is; it counts as one iteration."""
        parts = [jobs.progress() for jobs in self._jobs.values()]
        trials = sum(part.trials_done for part in parts)
        crashed = sum(part.crashed for part in parts)  # each of them of one trial
        return SourceProgress(
            study=self._search.name,
            iterations_done=int(self.is_complete()),
            iterations=1,
            finished=sum(part.finished for part in parts),
            crashed=crashed,
            lost=sum(part.lost for part in parts),
            sampled=0,
            model_based=0,
            incumbent=None,
            epochs_done=self._search.setting.epochs * (trials + crashed),
            epochs_expected=self._search.setting.epochs * self._total,
            trials_done=trials,
            trials=self._total,
        )

    def is_complete(self) -> bool:
        """Return whether the search has ended, and the best architectures are trained again."""
        ended = all(jobs.is_complete() for jobs in self._jobs.values())
        return ended and self._proposals.ask is None

    def _plan(self) -> None:
        """Give the strategy the scores that the store has, and plan what is missing."""
        proposals = self._proposals
        trained = self._ended(self._study)
        while (ask := proposals.ask) is not None:
            if ask.supernet:
                jobs = self._planned(proposals.supernet(ask), 1)
                if not jobs.is_complete():
                    if self._study not in self._jobs:
                        self._planned(proposals.searching, 1)  # for its numbers: all have ended
                    self._current, self._interrupted = jobs, deque(jobs.interrupted())
                    return
                scores = self._likelihoods(proposals.supernet(ask).study, ask)
            else:
                indices = range(proposals.first, proposals.first + len(ask.points))
                if not trained.keys() >= set(indices):
                    self._current = self._planned(proposals.searching, len(ask.points))
                    return
                scores = [trained[index] for index in indices]
            proposals.answer(ask, scores)
        self._current = None
        self._planned(proposals.searching, 1)
        if best := proposals.best():
            trials = len(best) * self._search.strategies.fresh
            self._top = self._search.top(best, trials=trials)
            self._total = proposals.first + proposals.supernets + trials
            jobs = self._planned(self._top, trials)
            self._current = None if jobs.is_complete() else jobs

    def _planned(self, condition: Condition, trials: int) -> FixedJobs:
        """Record the condition in the store, and plan those of its trials that are missing.

        Args:
            condition: The condition.
            trials: Number of trials that are divided among the workers.
        """
        self._record(condition)
        architectures = condition.architectures
        known = condition.trials if architectures is None else len(architectures)
        jobs = condition_jobs(
            condition.model_copy(update={"trials": known}),
            self._store,
            batch=min(condition.evaluation.trials, -(-trials // self._workers)),
        )
        self._jobs[condition.study] = jobs
        self._interrupted = deque(jobs.interrupted())
        return jobs

    def _record(self, condition: Condition) -> None:
        self._begin(condition)
        self._begun[condition.study] = None

    def _ended(self, study: str) -> dict[int, float]:
        """Return the scores of the trainings that have ended, by their index in a condition."""
        parts = self._store.parts(study, "campaign").items()
        ended = {
            id.part: FAILED
            for id, part in parts
            if part.state == "crashed" and part.trials == 1  # larger jobs run again, one by one
        }
        for index, trial in self._store.finished_trials(study).items():
            ended[index] = FAILED if trial.architecture_psnr is None else trial.architecture_psnr
        return ended

    def _likelihoods(self, study: str, ask: Ask) -> Sequence[float]:
        """Return the log-likelihood of each point of a stencil under the α of its supernet."""
        trial = self._store.finished_trials(study).get(0)
        scores = None if trial is None else trial.candidates
        if scores is None or scores.alpha_likelihood is None:
            return (FAILED,) * len(ask.points)
        return scores.alpha_likelihood
