"""A study is a pure state machine: a replay of its history restores its state."""

import itertools
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from configspace.errors import StoreError
from configspace.job import Job
from master.bohb.sampler import Sampler
from master.sources.base import Submission
from master.sources.study import BohbSource
from results.store.events import Failed, Finished, Submitted, Unfinished
from tests.master.running import small_study

Event = Submitted | Finished | Failed


class Journal:
    """Drives a source at random, and records its history as a store would."""

    def __init__(self, source: BohbSource, *, parallel: int = 4, seed: int = 0) -> None:
        self.source = source
        self.events: list[Event] = []
        self.open: list[Submission] = []
        self._parallel = parallel
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)

    def drive(self, events: int | None = None) -> Iterator[Event]:
        """Drive the source until it is done, or for a number of events."""
        while events is None or len(self.events) < events:
            if len(self.open) < self._parallel:
                match self.source.next():
                    case "done":
                        return
                    case "pending":
                        pass
                    case submission:
                        self.open.append(submission)
                        job = submission.job
                        self._note(
                            Submitted(
                                next(self._numbers),
                                job.id,
                                job.hyperparameters,
                                submission.model_based,
                            )
                        )
                        yield self.events[-1]
                        continue
            self._end(self.open.pop(self._random.randrange(len(self.open))).job)
            yield self.events[-1]

    def _end(self, job: Job) -> None:
        number, chance = next(self._numbers), self._random.random()
        if chance < 0.1:
            state: Any = "crashed" if chance < 0.05 else "lost"
            self._note(Failed(number, job.id, state))
            self.source.failed(job, state)
        else:
            loss = -self._random.uniform(10, 20)
            self._note(Finished(number, job.id, loss))
            self.source.finished(job, loss)

    def _note(self, event: Event) -> None:
        self.events.append(event)


def journal(events: int | None = None, *, iterations: int = 9, parallel: int = 4) -> Journal:
    source = BohbSource(small_study(bohb={"iterations": iterations}))
    made = Journal(source, parallel=parallel)
    for _ in made.drive(events):
        pass
    return made


@pytest.mark.parametrize("events", [1, 20, 61, 97])
def test_a_replayed_source_continues_identically(events: int) -> None:
    first = journal(events)
    second = BohbSource(small_study(bohb={"iterations": 9}))
    second.replay(first.events)
    assert second.progress() == first.source.progress()
    resumed = Journal(second)
    resumed.open = list(first.open)
    resumed._random.setstate(first._random.getstate())
    resumed._numbers = itertools.count(events + 1)
    assert list(first.drive()) == list(resumed.drive())
    assert first.source.progress() == second.progress()


def test_a_replay_never_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    history = journal().events

    def fail(*_: object) -> None:
        raise AssertionError("sampled")

    source = BohbSource(small_study(bohb={"iterations": 9}))
    monkeypatch.setattr(Sampler, "model", fail)
    source.replay(history)
    assert source.next() == "done"


@pytest.mark.slow
def test_replay_time_grows_linearly() -> None:
    study = small_study(bohb={"iterations": 3000, "random_fraction": 1.0})
    history = Journal(BohbSource(study))
    for _ in history.drive():
        pass
    ends = [event for event in history.events if not isinstance(event, Submitted)]
    assert len(ends) >= 20_000

    def cpu_seconds(events: list[Event]) -> float:
        source = BohbSource(study)
        began = time.process_time()
        source.replay(events)
        return time.process_time() - began

    # Five times as many events; quadratic time would be 25 times as long.
    part = min(cpu_seconds(history.events[: len(history.events) // 5]) for _ in range(3))
    assert cpu_seconds(history.events) < 15 * part


def test_a_replayed_study_is_done_if_it_was() -> None:
    source = BohbSource(small_study(bohb={"iterations": 9}))
    source.replay(journal().events)
    assert source.next() == "done"


def test_a_study_may_grow() -> None:
    history = journal(iterations=2)
    grown = BohbSource(small_study(bohb={"iterations": 3}))
    grown.replay(history.events)
    submission = grown.next()
    assert isinstance(submission, Submission)
    assert submission.job.id.configuration == (2, 0, 0)


def test_a_study_may_shrink() -> None:
    history = journal(iterations=3)
    shrunk = BohbSource(small_study(bohb={"iterations": 1}))
    shrunk.replay(history.events)
    assert shrunk.next() == "done"


def test_a_history_of_other_settings_is_refused() -> None:
    history = journal(30)
    other = BohbSource(small_study(bohb={"max_epochs": 27.0}))
    with pytest.raises(StoreError, match="does not follow from its settings"):
        other.replay(history.events)


def test_interrupted_jobs_are_submitted_again() -> None:
    first = journal(5)
    unfinished = [
        Unfinished(
            one.job.id, one.job.hyperparameters, one.model_based, "running", 1, "w", "t", None
        )
        for one in first.open
    ]
    second = BohbSource(small_study(bohb={"iterations": 9}))
    second.replay(first.events, unfinished)
    assert [one.job for one in second.interrupted()] == [one.job for one in first.open]
    following = second.next()
    assert isinstance(following, Submission)
    assert following.job.id not in [one.job.id for one in first.open]


def test_progress_counts_what_happened() -> None:
    done = journal()
    progress = done.source.progress()
    ends = [event for event in done.events if not isinstance(event, Submitted)]
    finished = [event for event in ends if isinstance(event, Finished)]
    assert progress.finished == len(finished)
    assert progress.crashed + progress.lost == len(ends) - len(finished)
    assert progress.iterations_done == progress.iterations == 9
    assert 0 < progress.model_based < progress.sampled


def test_the_incumbent_is_the_best_on_the_largest_budget() -> None:
    done = journal()
    progress = done.source.progress()
    finished = [event for event in done.events if isinstance(event, Finished)]
    best = min((e for e in finished if e.id.epochs == 9), key=lambda event: event.loss)
    assert progress.incumbent is not None
    assert progress.incumbent.configuration == best.id.configuration
    assert progress.incumbent.loss == best.loss


def test_expected_epochs_equal_those_done() -> None:
    source = BohbSource(small_study(bohb={"iterations": 4}))
    while isinstance(submission := source.next(), Submission):
        source.finished(submission.job, 0.0)
    assert source.progress().epochs_done == source.progress().epochs_expected


@pytest.fixture
def job() -> Job:
    study = small_study(evaluation={"trials": 3, "time_limit": 5.0, "memory_limit": 10**9})
    submission = BohbSource(study).next()
    assert isinstance(submission, Submission)
    return submission.job


def test_a_job_has_the_settings_of_its_study(job: Job) -> None:
    assert (job.study, job.objective, job.epochs) == ("small", "final", 1)
    assert (job.time_limit, job.memory_limit) == (5.0, 10**9)


def test_a_job_has_one_seed_per_trial(job: Job) -> None:
    assert len(set(job.seeds)) == 3


def test_a_job_crosses_the_wire_unchanged(job: Job) -> None:
    assert Job.from_wire(job.to_wire()) == job
