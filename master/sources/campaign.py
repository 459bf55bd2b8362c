"""The trials of one condition of a campaign, as a source of fixed jobs."""

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
    missing = set(range(condition.trials)) - covered
    single = [one for whole in failed for one in one_by_one(whole) if one.id.part in missing]
    missing -= {one.id.part for one in single}
    return FixedJobs(
        Plan(
            study=condition.study,
            interrupted=interrupted,
            waiting=[job(chunk.start, len(chunk)) for chunk in _chunks(missing, batch)] + single,
            trials=len(covered | set(range(condition.trials))),
            finished=finished,
            crashed=crashed,
            epochs=condition.epochs,
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
        objective="final",
        problem=condition.problem,
        architecture=condition.architecture,
        search=condition.search,
        hyperparameters=condition.hyperparameters,
        epochs=condition.epochs,
        seeds=condition.trial_seeds(indices),
        time_limit=condition.evaluation.time_limit,
        memory_limit=condition.evaluation.memory_limit,
        architectures=condition.fixed_architectures(indices),
    )


def _chunks(indices: set[int], size: int) -> list[range]:
    """Return the indices as ranges without gaps, each of at most ``size`` indices."""
    chunks: list[range] = []
    for index in sorted(indices):
        if chunks and chunks[-1].stop == index and len(chunks[-1]) < size:
            chunks[-1] = range(chunks[-1].start, index + 1)
        else:
            chunks.append(range(index, index + 1))
    return chunks
