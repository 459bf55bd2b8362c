"""The trials of one condition of a campaign, as a source of fixed jobs."""

from collections.abc import Iterator, Sequence
from itertools import chain

from configspace.condition import Condition
from configspace.job import EvaluationId, Job
from master.sources.fixed import FixedJobs, Plan, check_positive
from results.store.store import Store


def condition_jobs(condition: Condition, store: Store, *, batch: int) -> FixedJobs:
    """Plan the trials of a condition that are missing in the store.

    Trials that the store has count as planned, also if the condition now asks for fewer.

    The part of a job is the index of its first trial. So trials keep their indices, and with them
    their seeds, whatever the sizes of the jobs. A crashed job is run again trial by trial: one of
    its trials diverged, and the others still get a score.

    Args:
        condition: The condition.
        store: Store that knows which trials have ended.
        batch: Largest number of seeds per job.

    Raises:
        ValueError: If ``batch`` is not positive.
    """
    check_positive(condition.trials, batch)

    def job(first: int, size: int) -> Job:
        return condition_job(condition, range(first, first + size))

    def one_by_one(crashed: Job) -> list[Job]:
        first, size = crashed.id.part, len(crashed.seeds)
        # The first single job replaces the crashed one in the store. It runs last: until then the
        # crashed job tells a restart to run all of its trials one by one.
        return [job(index, 1) for index in (*range(first + 1, first + size), first)] * (size > 1)

    parts = {id.part: part for id, part in store.parts(condition.study, "campaign").items()}
    stored = {one.id.part: one for one in store.unfinished(condition.study)}
    finished, crashed, interrupted, failed = [], [], [], []
    covered: set[int] = set()
    for first, part in parts.items():
        if part.state == "finished":
            finished.append(part.trials)
        elif first in stored and first < condition.trials:
            interrupted.append((job(first, part.trials), stored[first]))
        elif part.state == "crashed" and part.trials == 1:
            crashed.append(1)
        else:
            if part.state == "crashed":
                failed.append(job(first, part.trials))
            continue
        covered |= set(range(first, first + part.trials))
    single = [
        one
        for whole in failed
        for one in one_by_one(whole)
        if one.id.part < condition.trials and one.id.part not in covered
    ]
    gaps = _gaps(covered | {one.id.part for one in single}, condition.trials)
    chunks = (job(chunk.start, len(chunk)) for chunk in _chunks(gaps, batch))
    return FixedJobs(
        Plan(
            study=condition.study,
            interrupted=interrupted,
            waiting=chain(chunks, single),
            waiting_jobs=sum(-(-len(gap) // batch) for gap in gaps) + len(single),
            trials=condition.trials + sum(index >= condition.trials for index in covered),
            finished=finished,
            crashed=crashed,
            cost=sum(job(0, 1).phases.values()),
            after_crash=one_by_one,
        )
    )


def condition_job(condition: Condition, indices: range) -> Job:
    """Return the job of some trials of a condition, with everything that a worker needs."""
    return Job(
        study=condition.study,
        id=EvaluationId(
            configuration=(0, 0, 0), epochs=condition.epochs, purpose="campaign", part=indices.start
        ),
        objective=condition.objective,
        problem=condition.problem,
        architecture=condition.architecture,
        search=condition.search,
        hyperparameters=condition.hyperparameters,
        epochs=condition.epochs,
        seeds=condition.trial_seeds(indices),
        time_limit=condition.evaluation.time_limit,
        memory_limit=condition.evaluation.memory_limit,
        signals=condition.evaluation.signals,
        short_fraction=condition.evaluation.short_fraction,
        architectures=condition.fixed_architectures(indices),
        candidates=condition.candidates,
    )


def _gaps(taken: set[int], stop: int) -> list[range]:
    """Return the indices from 0 to ``stop`` that are not taken, as ranges."""
    inner = sorted(index for index in taken if index < stop)
    edges = zip([-1, *inner], [*inner, stop], strict=True)
    return [range(before + 1, after) for before, after in edges if before + 1 < after]


def _chunks(gaps: Sequence[range], size: int) -> Iterator[range]:
    """Yield the indices of ranges as ranges of at most ``size`` indices."""
    for gap in gaps:
        for start in range(gap.start, gap.stop, size):
            yield range(start, min(start + size, gap.stop))
