"""Re-runs of one configuration on fresh seeds, as a source of jobs."""

import itertools
from collections.abc import Sequence
from typing import Literal

from configspace.hyperparameters import Hyperparameters
from configspace.job import ConfigurationId, EvaluationId, Job
from configspace.study import Study
from master.source import Progress, Submission, job_of
from results.store import Store


class Reruns:
    """Fixed jobs, in parts of several trials; those that finished or crashed are not run again.

    What crashed would crash again, since all of its chance is in its seeds. A lost part only had
    no worker that lived: it is run again.
    """

    def __init__(
        self,
        study: Study,
        store: Store,
        *,
        configuration: ConfigurationId,
        hyperparameters: Hyperparameters,
        epochs: int,
        trials: int,
        batch: int,
    ) -> None:
        """Plan the jobs, and read from the store which are left.

        Args:
            study: Whose configuration it is; its objective does not matter, since re-runs score
                both ways.
            store: Knows which parts are finished, and how large they are.
            configuration: The configuration's id.
            hyperparameters: Its values.
            epochs: Epochs of the search and of the retraining.
            trials: Seeds in all; those of finished parts count, whatever their parts' sizes.
            batch: Seeds a job; the last job has those left over.

        Raises:
            ValueError: If ``trials`` or ``batch`` is not positive.
        """
        if trials < 1 or batch < 1:
            raise ValueError(f"wanted at least one trial and batch, got {trials} and {batch}")
        self._study = study
        self._hyperparameters = hyperparameters
        self._epochs = epochs
        finished = {
            id: size
            for id, size in store.finished_trials(study.name, "rerun").items()
            if id.configuration == configuration and id.epochs == epochs
        }
        self._finished = len(finished)
        self.finished_trials = sum(finished.values())
        """Seeds whose re-runs finished, over its whole life."""
        crashed = {
            id
            for id in store.crashed_ids(study.name, "rerun")
            if id.configuration == configuration and id.epochs == epochs
        }
        self._crashed, self._lost = len(crashed), 0
        # A part's seeds depend on its number and their places in it alone, so that parts of any
        # size stand side by side: what was the short last one stays short.
        self._sizes: dict[EvaluationId, int] = {}
        missing = trials - self.finished_trials
        for part in itertools.count():
            if missing <= 0:
                break
            id = EvaluationId(
                configuration=configuration, epochs=epochs, purpose="rerun", part=part
            )
            if id in finished:
                continue
            size = min(batch, missing)
            missing -= size
            if id not in crashed:  # else it stands for as many that did not finish
                self._sizes[id] = size
        stored = {one.id: one for one in store.unfinished(study.name) if one.id in self._sizes}
        self._interrupted = list(stored.values())
        self._waiting = [id for id in self._sizes if id not in stored]
        self._left = len(self._sizes)

    @property
    def studies(self) -> Sequence[str]:
        """The name of its one study."""
        return (self._study.name,)

    @property
    def parallel(self) -> int:
        """As many as there are live workers: fixed jobs do not depend on one another."""
        return 0

    def interrupted(self) -> Sequence[Submission]:
        """Return the parts that a restart interrupted."""
        return [
            Submission(self._job(one.id), "mean", one.model_based, one) for one in self._interrupted
        ]

    def next(self) -> Submission | Literal["pending", "done"]:
        """Return the next part that the store does not have."""
        if self._waiting:
            return Submission(self._job(self._waiting.pop(0)), "mean", model_based=False)
        return "pending" if self._left else "done"

    def finished(self, job: Job, loss: float) -> None:  # noqa: ARG002
        """Count a finished part."""
        self.finished_trials += len(job.seeds)
        self._left -= 1
        self._finished += 1

    def failed(self, job: Job, state: Literal["crashed", "lost"]) -> None:  # noqa: ARG002
        """Count a part that failed; a lost one is run when the re-runs are next asked for."""
        self._left -= 1
        if state == "crashed":
            self._crashed += 1
        else:
            self._lost += 1

    def progress(self) -> Progress:
        """Return how many parts are done; an iteration is all of them."""
        ended = self._finished + self._crashed + self._lost
        return Progress(
            study=self._study.name,
            iterations_done=int(not self._left),
            iterations=1,
            finished=self._finished,
            crashed=self._crashed,
            lost=self._lost,
            sampled=0,
            model_based=0,
            incumbent=None,
            epochs_done=self._epochs * ended,
            epochs_expected=self._epochs * (ended + self._left),
        )

    def _job(self, id: EvaluationId) -> Job:
        return job_of(
            self._study, id, self._hyperparameters, objective="final", trials=self._sizes[id]
        )
