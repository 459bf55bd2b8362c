"""Small batches of trials for the tests of the engines."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from configspace.architecture import ArchitectureSettings
from configspace.hyperparameters import Hyperparameters
from configspace.search import SearchSettings
from configspace.study import ProblemSettings
from worker.engine.contract import Batch
from worker.engine.problem import CosineProblem

HYPERPARAMETERS = (
    Hyperparameters(),
    Hyperparameters(
        param_lr=5e-3,
        param_weight_decay=1e-3,
        param_warm_up=True,
        alpha_lr=0.05,
        alpha_weight_decay=0.02,
        alpha_warm_up=False,
        alpha_scheduler="none",
        alpha_optimizer="adam",
    ),
    Hyperparameters(
        param_lr=2e-3,
        param_weight_decay=1e-2,
        alpha_lr=0.1,
        alpha_weight_decay=0.1,
        alpha_warm_up=True,
        alpha_scheduler="linear",
        alpha_optimizer="adam",
    ),
    Hyperparameters(
        param_lr=1e-2,
        param_warm_up=True,
        alpha_lr=0.1,
        alpha_warm_up=False,
        alpha_scheduler="none",
    ),
)
"""Four settings; each of the eight hyperparameters differs between some of them."""


def batch_of(
    *hyperparameters: Hyperparameters,
    operations: str = "all",
    problem: str = "blur",
    layers: int = 3,
    channels: int = 4,
    kernel_size: int = 3,
    points: int = 20,
    batch_size: int = 8,
    batches: int = 2,
    epochs: int = 2,
    first_seed: int = 5_000_000_000,
) -> Batch:
    """Return a batch with one trial per setting; without any, one trial with H1."""
    chosen = hyperparameters or (Hyperparameters(),)
    settings = ProblemSettings.model_validate({"name": problem, "points": points})
    return Batch(
        problem=CosineProblem(settings),
        architecture=ArchitectureSettings.model_validate(
            {
                "operations": operations,
                "layers": layers,
                "channels": channels,
                "kernel_size": kernel_size,
            }
        ),
        search=SearchSettings(batch_size=batch_size, batches=batches, warm_up_fraction=0.5),
        hyperparameters=chosen,
        epochs=epochs,
        seeds=first_seed + np.arange(len(chosen), dtype=np.int64) * 7_919,
    )


def with_parameters(batch: Batch, *, tau: ArrayLike = 0.1, dilation: ArrayLike = 1.0) -> Batch:
    """Return the retraining of a batch with these parameters, which broadcast to its edges."""
    shape = len(batch.seeds), batch.architecture.edges
    pairs = [np.broadcast_to(np.asarray(values, np.float64), shape) for values in (tau, dilation)]
    continuous = batch.architecture.model_copy(update={"continuous": ("tau", "dilation")})
    return replace(batch, architecture=continuous, parameters=np.stack(pairs, axis=-1))


def with_points(batch: Batch, *points: str) -> Batch:
    """Return the batch with supernets over points."""
    update = {"continuous": ("tau", "dilation"), "points": points}
    return replace(batch, architecture=batch.architecture.model_copy(update=update))
