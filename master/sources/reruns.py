"""Re-runs of one configuration on fresh seeds, as a source of fixed jobs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from configspace.hyperparameters import Hyperparameters
from configspace.job import ConfigurationId, EvaluationId, Job, single_part, trial_seed
from configspace.study import Study
from master.sources.base import job_of
from master.sources.fixed import FixedJobs, Plan, check_positive
from results.store.store import Store


@dataclass(frozen=True, slots=True)
class Rerun:
    """The configuration to run again."""

    configuration: ConfigurationId
    hyperparameters: Hyperparameters
    epochs: int
    """Epochs of the search and of the retraining."""


def rerun_jobs(study: Study, store: Store, rerun: Rerun, *, trials: int, batch: int) -> FixedJobs:
    """Plan re-runs of one configuration on fresh seeds.

    The seeds of a crashed part are run again one by one: one of them diverged, and the others still
    get a score.

    Args:
        study: Study of the configuration. Its objective does not matter: re-runs measure both
            scores.
        store: Store that knows which parts have ended, and the size of each.
        rerun: The configuration.
        trials: Number of seeds in total. Seeds of finished parts count, whatever the sizes of
            the parts.
        batch: Seeds per job; the last job has the remaining ones.

    Raises:
        ValueError: If ``trials`` or ``batch`` is not positive.
    """
    check_positive(trials, batch)

    def job_id(part: int) -> EvaluationId:
        return EvaluationId(
            configuration=rerun.configuration, epochs=rerun.epochs, purpose="rerun", part=part
        )

    def job(part: int, size: int) -> Job:
        return job_of(study, job_id(part), rerun.hyperparameters, objective="final", trials=size)

    def alone(part: int, index: int) -> Job:
        seed = trial_seed(study.seed, job_id(part), index)
        id = job_id(single_part(part, index))
        return job(part, 1).model_copy(update={"id": id, "seeds": (seed,)})

    def one_by_one(crashed: Job) -> list[Job]:
        size = len(crashed.seeds)
        return [alone(crashed.id.part, index) for index in range(size)] if size > 1 else []

    known = {
        id.part: part
        for id, part in store.parts(study.name, "rerun").items()
        if id.configuration == rerun.configuration and id.epochs == rerun.epochs
    }
    parts = {number: part for number, part in known.items() if number < single_part(0, 0)}
    finished = [part.trials for part in known.values() if part.state == "finished"]
    crashed = [
        part.trials
        for number, part in known.items()
        if part.state == "crashed" and (part.trials == 1 or number not in parts)
    ]
    # The seeds of a part depend only on its number and on their positions in it. So parts of
    # any size go together, and a short last part stays short.
    planned: dict[int, Callable[[], Job]] = {}  # by part; jobs are made when their turn comes
    missing = trials - sum(part.trials for part in parts.values() if part.state == "finished")
    number = 0
    while missing > 0:
        part = parts.get(number)
        if part is None or part.state != "finished":
            size = min(batch, missing)
            if part is None or part.state != "crashed":
                planned[number] = partial(job, number, size)
            elif part.trials != 1:
                size = min(part.trials or batch, missing)  # older versions did not store the size
                for index in range(size):
                    single = single_part(number, index)
                    if single not in known or known[single].state not in ("finished", "crashed"):
                        planned[single] = partial(alone, number, index)
            missing -= size
        number += 1
    stored = {
        one.id.part: one
        for one in store.unfinished(study.name)
        if one.id == job_id(one.id.part) and one.id.part in planned
    }
    waiting = [make for part, make in planned.items() if part not in stored]
    return FixedJobs(
        Plan(
            study=study.name,
            interrupted=[
                (make(), stored[part]) for part, make in planned.items() if part in stored
            ],
            waiting=(make() for make in waiting),
            waiting_jobs=len(waiting),
            trials=max(trials, sum(finished)),
            finished=finished,
            crashed=crashed,
            cost=sum(job(0, 1).phases.values()),
            after_crash=one_by_one,
        )
    )
