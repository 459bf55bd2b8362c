"""A BOHB study as a source of jobs. It resumes by replaying the stored history of the study."""

import dataclasses
import logging
from collections.abc import Sequence
from typing import Any, Literal, Self

from configspace.errors import StoreError
from configspace.hyperparameters import Hyperparameters, Value
from configspace.job import ConfigurationId, EvaluationId, Job
from configspace.logs import about
from configspace.phases import phases_of
from configspace.space import configuration_space
from configspace.study import Study
from master.bohb.brackets import Brackets, Run
from master.bohb.sampler import Sampler
from master.sources.base import BestSoFar, SourceProgress, Submission, job_of
from results.store.events import Failed, Finished, Submitted, Unfinished
from results.store.store import Store

log = logging.getLogger(__name__)


class BohbSource:
    """Decides by BOHB. It is a pure state machine: the same history gives the same decisions."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._sampler = Sampler(configuration_space(study.domains()), study.bohb, study.seed)
        self._brackets = Brackets(
            study.rungs(),
            eta=study.bohb.eta,
            iterations=study.bohb.iterations,
            sampler=self._sampler,
        )
        self._unfinished: list[Unfinished] = []
        self._progress = SourceProgress(
            study=study.name,
            iterations_done=0,
            iterations=study.bohb.iterations,
            finished=0,
            crashed=0,
            lost=0,
            sampled=0,
            model_based=0,
            incumbent=None,
            epochs_done=0,
            epochs_expected=self._brackets.cost(self._cost),
        )

    @classmethod
    def resume(cls, study: Study, store: Store) -> Self:
        """Return the source of a study, in the state that the stored history gives it.

        Raises:
            StoreError: If the stored history does not follow from the settings of the study.
        """
        source = cls(study)
        history = store.history(study.name)
        source.replay(history, store.unfinished(study.name))
        if history:
            log.info(
                "study %s: replayed %d events", study.name, len(history), extra=about(study.name)
            )
        return source

    @property
    def studies(self) -> Sequence[str]:
        """The name of the one study."""
        return (self._study.name,)

    @property
    def parallel(self) -> int:
        """Number of jobs outstanding at once; 0 means one per live worker."""
        return self._study.bohb.parallel

    def interrupted(self) -> list[Submission]:
        """Return the evaluations that a restart interrupted."""
        return [
            self._submission(stored.id, stored.hyperparameters, stored.model_based, stored)
            for stored in self._unfinished
        ]

    def next(self) -> Submission | Literal["pending", "done"]:
        """Return the next evaluation, or "pending" if an outcome must arrive first."""
        run = self._brackets.next_run()
        if run is None:
            return "done" if self._brackets.is_done() else "pending"
        self._count(run)
        id = EvaluationId(configuration=run.configuration, epochs=run.epochs)
        return self._submission(id, Hyperparameters(**run.values), run.model_based)

    def finished(self, job: Job, loss: float) -> None:
        """Pass a loss to BOHB."""
        self._finish(job.id, job.hyperparameters, loss)

    def failed(self, job: Job, state: Literal["crashed", "lost"]) -> None:
        """Remove an evaluation from its bracket. BOHB learns only from a crash."""
        self._fail(job.id, state)

    def progress(self) -> SourceProgress:
        """Return how far the study is."""
        return dataclasses.replace(self._progress, iterations_done=self._brackets.finished)

    def replay(
        self,
        history: Sequence[Submitted | Finished | Failed],
        unfinished: Sequence[Unfinished] = (),
    ) -> None:
        """Replay a stored history in its order, without sampling anything.

        Raises:
            StoreError: If an event does not follow from those before it.
        """
        submitted = [event for event in history if isinstance(event, Submitted)]
        settings = {event.id.configuration: event for event in reversed(submitted)}
        values = {key: event.hyperparameters.model_dump() for key, event in settings.items()}
        hyperparameters = {key: event.hyperparameters for key, event in settings.items()}

        def recorded(
            epochs: int, configuration: ConfigurationId
        ) -> tuple[dict[str, Value], dict[str, Any]]:
            if configuration not in settings:
                raise self._diverged(f"expected configuration {configuration} on {epochs} epochs")
            return values[configuration], {"model_based_pick": settings[configuration].model_based}

        # The study file may now have fewer iterations than were already started.
        requested = self._brackets.iterations
        last = max((event.id.configuration[0] for event in submitted), default=-1)
        self._brackets.iterations = max(requested, last + 1)
        self._brackets.configure = recorded
        for event in history:
            match event:
                case Submitted(sequence, id):
                    run = self._brackets.next_run()
                    if run is None or (run.configuration, run.epochs) != (
                        id.configuration,
                        id.epochs,
                    ):
                        raise self._diverged(f"event {sequence} submits {id}, expected {run}")
                    self._count(run)
                case Finished(_, id, loss):
                    self._finish(id, hyperparameters[id.configuration], loss)
                case Failed(_, id, state):
                    self._fail(id, state)
        self._brackets.iterations = requested
        self._brackets.configure = self._sampler.get_config
        self._unfinished = [one for one in unfinished if one.id.purpose == "study"]

    def _submission(
        self,
        id: EvaluationId,
        hyperparameters: Hyperparameters,
        model_based: bool,
        stored: Unfinished | None = None,
    ) -> Submission:
        study = self._study
        job = job_of(
            study,
            id,
            hyperparameters,
            objective=study.objective,
            trials=study.evaluation.trials,
        )
        return Submission(job, study.evaluation.aggregate, model_based, stored)

    def _finish(self, id: EvaluationId, hyperparameters: Hyperparameters, loss: float) -> None:
        self._brackets.report(id.configuration, id.epochs, loss)
        known = self._progress
        best = known.incumbent
        if best is None or (id.epochs, -loss) > (best.epochs, -best.loss):
            best = BestSoFar(
                id.configuration, hyperparameters, id.epochs, loss, self._study.objective
            )
        self._progress = dataclasses.replace(
            known,
            finished=known.finished + 1,
            epochs_done=known.epochs_done + self._cost(id.epochs),
            incumbent=best,
        )

    def _fail(self, id: EvaluationId, state: Literal["crashed", "lost"]) -> None:
        known = self._progress
        epochs = known.epochs_done + self._cost(id.epochs)
        if state == "crashed":
            self._brackets.report(id.configuration, id.epochs, None)
            self._progress = dataclasses.replace(
                known, crashed=known.crashed + 1, epochs_done=epochs
            )
        else:
            self._brackets.drop(id.configuration, id.epochs)
            self._progress = dataclasses.replace(known, lost=known.lost + 1, epochs_done=epochs)

    def _cost(self, epochs: int) -> int:
        """Return the cost of an evaluation in epochs per trial, all its phases together."""
        study = self._study
        fraction = study.evaluation.short_fraction
        phases = phases_of(study.search, study.objective, study.requests, epochs, fraction)
        return sum(phases.values())

    def _count(self, run: Run) -> None:
        known = self._progress
        # A configuration is submitted on each rung it reaches, and was sampled on the first.
        if run.is_new:
            self._progress = dataclasses.replace(
                known,
                sampled=known.sampled + 1,
                model_based=known.model_based + run.model_based,
            )

    def _diverged(self, reason: str) -> StoreError:
        return StoreError(
            f"the stored history of study {self._study.name!r} does not follow from its settings "
            f"({reason}); another version wrote it, or it was edited",
            advice="use the version that wrote the store, or restore a backup",
        )
