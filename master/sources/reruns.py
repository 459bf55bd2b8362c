"""Re-runs of one configuration on fresh seeds, as a source of fixed jobs."""

from dataclasses import dataclass

from configspace.hyperparameters import Hyperparameters
from configspace.job import ConfigurationId, EvaluationId, Job
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

    ended = {
        id.part: part
        for id, part in store.parts(study.name, "rerun").items()
        if id.configuration == rerun.configuration and id.epochs == rerun.epochs
    }
    finished = [part.trials for part in ended.values() if part.state == "finished"]
    # The seeds of a part depend only on its number and on their positions in it. So parts of
    # any size go together, and a short last part stays short.
    sizes: dict[int, int] = {}  # by part; jobs are made when their turn comes
    missing, number = trials - sum(finished), 0
    while missing > 0:
        state = ended[number].state if number in ended else None
        if state != "finished":
            size = min(batch, missing)
            missing -= size
            if state != "crashed":  # a crashed part counts for as many trials that did not finish
                sizes[number] = size
        number += 1
    stored = {
        one.id.part: one
        for one in store.unfinished(study.name)
        if one.id == job_id(one.id.part) and one.id.part in sizes
    }
    waiting = [part for part in sizes if part not in stored]
    return FixedJobs(
        Plan(
            study=study.name,
            interrupted=[
                (job(part, size), stored[part]) for part, size in sizes.items() if part in stored
            ],
            waiting=(job(part, sizes[part]) for part in waiting),
            waiting_jobs=len(waiting),
            trials=max(trials, sum(finished)),
            finished=finished,
            crashed=[part.trials for part in ended.values() if part.state == "crashed"],
            epochs=rerun.epochs,
        )
    )
