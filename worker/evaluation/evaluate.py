"""Evaluate a job: search its trials, discretize them, retrain them if asked, and score them."""

import time
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from configspace.job import Curve, Job, Outcome, Trial
from configspace.signals import short_epochs
from worker.engine.alpha import edge_norms, largest_norm, mean_entropy, sup_norms
from worker.engine.contract import Batch, Candidates, Engine, Retrained, Searched
from worker.engine.problem import problem_of
from worker.evaluation.architectures import Names, indices_of, names_of, retraining_of
from worker.evaluation.best_of_searches import BestOfSearches
from worker.evaluation.choose import Report, able_engine, choose_engine, make_ready, target_of
from worker.evaluation.further_trainings import further_trainings, with_further_trainings
from worker.evaluation.scores import check_finite, check_objective, without_infinity
from worker.evaluation.signals import candidate_scores, signals_of


class JobEvaluator:
    """Evaluates jobs on one engine, and on the torch engine what that engine does not support."""

    def __init__(self, *, device: str, engine: str, threads: int) -> None:
        """Choose the engine; see `worker.evaluation.choose`.

        Raises:
            ServiceError: If the engine is unknown, or does not run on the device on this machine.
        """
        self._name = engine
        self._engine = choose_engine(engine, device, threads)
        self.engine, self.device = self._engine.name, self._engine.device
        self.target = target_of(self._engine)

    def prepare(self, progress: Report) -> None:
        """Compile the kernels of the sequential space, and call ``progress`` before each step."""
        make_ready(self._engine, progress)

    def __call__(self, job: Job, progress: Report) -> Outcome:
        """Evaluate a job.

        Args:
            job: The job. The outcome depends only on the job and on the engine's rounding.
            progress: Called before each step of a compilation, then after each epoch.

        Raises:
            NonFiniteScore: If a trial's score, its value of the objective, or a value of its
                curves, is not finite.
            ServiceError: If the user named the engine, and it does not support this job.
            ValueError: If the job's architectures contain an operation outside the operation set.
        """
        batch = batch_of(job)
        engine = able_engine(self._engine, self._name, job.architecture, job.search)
        dilated = (
            job.architectures is not None and retraining_of(batch, job.architectures)[0].dilated
        )
        # Not included in the seconds of the trials.
        make_ready(engine, progress, job.architecture, job.search, dilated=dilated)
        if job.architectures is None:
            retrain = job.objective == "final"
            searching: Engine = engine
            if job.search.selects:
                epochs = short_epochs(job.epochs, job.short_fraction)
                searching = BestOfSearches(engine, epochs)
            trials = search_trials(batch, searching, retrain=retrain, progress=progress)
        else:
            trials = train_fixed(batch, job.architectures, engine, progress=progress)
        if extra := further_trainings(job):
            trials = with_further_trainings(trials, batch, extra, engine, progress)
        check_objective(job.objective, trials)
        return Outcome(id=job.id, trials=trials, engine=engine.name, device=engine.device)


def batch_of(job: Job) -> Batch:
    """Return the trials of a job as a batch for an engine."""
    batch = Batch(
        problem=problem_of(job.problem),
        architecture=job.architecture,
        search=job.search,
        hyperparameters=(job.hyperparameters,) * len(job.seeds),
        epochs=job.epochs,
        seeds=np.array(job.seeds, dtype=np.int64),
        eigenvalues="eigenvalue" in job.requests,
    )
    if job.candidates is None:
        return batch
    architectures = indices_of(batch, job.candidates.architectures)
    return replace(batch, candidates=Candidates(architectures, job.candidates.batches))


def search_trials(
    batch: Batch, engine: Engine, *, retrain: bool, progress: Report
) -> tuple[Trial, ...]:
    """Search, and retrain the architectures found if asked.

    Args:
        batch: The trials.
        engine: The engine that computes them.
        retrain: Whether to train the discretized architectures from scratch and score them.
        progress: Called after each epoch.

    Raises:
        NonFiniteScore: If a trial's score, or a value of its curves, is not finite.
    """
    began = time.perf_counter()
    searched = engine.search(batch, lambda done, of: progress("search", done, of))
    search_seconds = (time.perf_counter() - began) / len(batch.seeds)
    searched = replace(
        searched,
        psnr=without_infinity(searched.psnr),
        inherited_psnr=without_infinity(searched.inherited_psnr),
        validation_psnr=without_infinity(searched.validation_psnr),
    )
    check_finite(batch, "one-shot PSNR", searched.psnr)
    search_curves, signals = _search_curves(batch, searched), signals_of(batch, searched)
    architectures = names_of(batch, searched.architectures)
    found = [
        Trial(
            seed=int(seed),
            one_shot_psnr=float(searched.psnr[index]),
            architecture=architectures[index],
            search_seconds=search_seconds,
            signals=signals[index],
            curves=(search_curves[index],),
            candidates=candidate_scores(batch, searched, index),
        )
        for index, seed in enumerate(batch.seeds)
    ]
    if not retrain:
        return tuple(found)
    trained = train_fixed(batch, architectures, engine, progress=progress)
    return tuple(
        second.model_copy(
            update={
                "one_shot_psnr": first.one_shot_psnr,
                "search_seconds": first.search_seconds,
                "signals": first.signals,
                "curves": first.curves + second.curves,
                "candidates": first.candidates,
            }
        )
        for first, second in zip(found, trained, strict=True)
    )


def train_fixed(
    batch: Batch, architectures: Names, engine: Engine, *, progress: Report
) -> tuple[Trial, ...]:
    """Train given architectures from scratch and score them, without a search.

    Args:
        batch: The trials, with the settings of the training.
        architectures: The architecture of each trial.
        engine: The engine that computes them.
        progress: Called after each epoch.

    Raises:
        NonFiniteScore: If a trial's score, or a value of its curve, is not finite.
        ValueError: See `retraining_of`.
    """
    batch, picks = retraining_of(batch, architectures)
    began = time.perf_counter()
    trained = engine.retrain(batch, picks, lambda done, of: progress("retrain", done, of))
    seconds = (time.perf_counter() - began) / len(batch.seeds)
    trained = replace(
        trained,
        psnr=without_infinity(trained.psnr),
        train_psnr=without_infinity(trained.train_psnr),
    )
    check_finite(batch, "architecture PSNR", trained.psnr)
    curves = _retrain_curves(batch, trained)
    return tuple(
        Trial(
            seed=int(seed),
            one_shot_psnr=None,
            architecture=tuple(architectures[index]),
            architecture_psnr=float(trained.psnr[index]),
            retrain_seconds=seconds,
            curves=(curves[index],),
        )
        for index, seed in enumerate(batch.seeds)
    )


def _search_curves(batch: Batch, searched: Searched) -> list[Curve]:
    values = {"train_loss": searched.train_loss, "psnr": searched.validation_psnr}
    if searched.alphas.size:
        alphas, parts = searched.alphas, batch.architecture.parts
        values |= {
            "validation_loss": searched.validation_loss,
            "entropy": mean_entropy(alphas),
            "alpha_norm": largest_norm(alphas),
            "plasticity_sup": _shortened(sup_norms(alphas, parts)),
            "plasticity_edge": _shortened(edge_norms(alphas, parts)),
        }
    curves = _curves(batch, "search", searched.computed_epochs, **values)
    if searched.eigenvalues is None:
        return curves
    eigenvalues = [
        tuple(None if np.isnan(value) else value for value in of_trial[:end].tolist())
        for of_trial, end in zip(searched.eigenvalues, searched.computed_epochs, strict=True)
    ]
    return [
        curve.model_copy(update={"eigenvalue": values})
        for curve, values in zip(curves, eigenvalues, strict=True)
    ]


def _retrain_curves(batch: Batch, trained: Retrained) -> list[Curve]:
    epochs = np.full(len(batch.seeds), batch.epochs)
    return _curves(batch, "retrain", epochs, train_loss=trained.train_loss, psnr=trained.train_psnr)


def _curves(
    batch: Batch,
    phase: Literal["search", "retrain"],
    epochs: NDArray[np.int64],
    **values: NDArray[np.float64],
) -> list[Curve]:
    """Return the curves of each trial.

    Args:
        batch: The trials.
        phase: The phase.
        epochs: Number of epochs that were computed, shape ``(trial,)``.
        **values: Curves by name, each of shape ``(trial, epoch, …)``.
    """
    for name, curves in values.items():
        left_out = np.arange(curves.shape[1]) >= epochs[:, None]
        left_out = left_out.reshape(*left_out.shape, *[1] * (curves.ndim - 2))
        computed = np.where(left_out, 0.0, curves)
        check_finite(batch, f"{name.replace('_', ' ')} of the {phase}", computed)
    # model_validate instead of the constructor, because the names are keywords of the caller.
    return [
        Curve.model_validate(
            {
                "phase": phase,
                **{name: _tuples(c[trial, :end].tolist()) for name, c in values.items()},
            }
        )
        for trial, end in enumerate(epochs)
    ]


def _tuples(values: Any) -> Any:
    return tuple(_tuples(value) for value in values) if isinstance(values, list) else values


def _shortened(norms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to six decimals, since they are stored as text for each epoch and part."""
    return np.round(norms, 6)
