"""Speed of trainings with continuous parameters: ratios of processor times within one run.

Run ``python -m benchmarks.continuous``. It retrains learnable gradients in one thread, in turn: on
the Numba engine without and with dilation, and on the torch engine with dilation; and it searches
on the torch engine with the usual operations and with four points.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from configspace.architecture import ArchitectureSettings
from configspace.hyperparameters import Hyperparameters
from configspace.operations import parametric_name
from configspace.search import SearchSettings
from configspace.study import ProblemSettings
from worker.engine.contract import Batch
from worker.engine.problem import CosineProblem
from worker.numba_engine.engine import NumbaEngine
from worker.torch_engine.engine import TorchEngine

STENCIL = [(0.10, 1.5), (0.12, 1.5), (0.11, 1.4), (0.11, 1.6)]
"""τ and dilation of the four points of a supernet."""


def batch_of(
    epochs: int, batches: int, dilation: float | None = None, points: tuple[str, ...] = ()
) -> Batch:
    """Return one trial of the default size: 10 layers, 16 channels, 128 signals of 50 points.

    Args:
        epochs: Number of epochs.
        batches: Number of batches per epoch.
        dilation: Dilation of a retraining; None for none.
        points: Points of a supernet.
    """
    settings = ArchitectureSettings(continuous=("tau", "dilation"), points=points)
    batch = Batch(
        problem=CosineProblem(ProblemSettings()),
        architecture=settings,
        search=SearchSettings(batches=batches),
        hyperparameters=(Hyperparameters(),),
        epochs=epochs,
        seeds=np.zeros(1, np.int64),
    )
    if dilation is None:
        return batch
    parameters = np.broadcast_to((settings.tau, dilation), (1, settings.edges, 2))
    return replace(batch, parameters=parameters)


def seconds(run: Callable[[Callable[[int, int], None]], object]) -> float:
    """Return the median processor time of an epoch, without the first, in s."""
    marks: list[float] = []
    run(lambda *_: marks.append(time.process_time()))
    return statistics.median(np.diff(marks).tolist())


def measured(repetitions: int, epochs: int, batches: int) -> dict[str, float]:
    """Return the seconds per epoch of each case, the lowest of several repetitions in turn.

    Args:
        repetitions: Number of repetitions.
        epochs: Epochs of each.
        batches: Batches per epoch.
    """
    torch.set_num_threads(1)
    numba, engine = NumbaEngine(1), TorchEngine()
    picks = np.zeros((1, ArchitectureSettings().edges), np.int64)
    names = tuple(parametric_name("learnable_gradient", tau=t, dilation=d) for t, d in STENCIL)
    plain, dilated = batch_of(epochs, batches), batch_of(epochs, batches, 1.5)
    short = max(3, epochs // 4)  # PyTorch takes several times longer
    over_points = batch_of(short, batches, points=names)
    runs: dict[str, Callable[[Callable[[int, int], None]], object]] = {
        "numba": lambda each: numba.retrain(plain, picks, each),
        "numba dilated": lambda each: numba.retrain(dilated, picks, each),
        "torch dilated": lambda each: engine.retrain(replace(dilated, epochs=short), picks, each),
        "torch supernet": lambda each: engine.search(replace(plain, epochs=short), each),
        "torch points": lambda each: engine.search(over_points, each),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repetitions):
        for name, run in runs.items():
            times[name].append(seconds(run))
    return {name: min(values) for name, values in times.items()}


def main() -> None:
    """Print the seconds per epoch and their ratios as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batches", type=int, default=19)
    chosen = parser.parse_args()
    found = measured(chosen.repetitions, chosen.epochs, chosen.batches)
    ratios = {
        "dilated over undilated, numba": found["numba dilated"] / found["numba"],
        "torch over numba, dilated": found["torch dilated"] / found["numba dilated"],
        "four points over four operations, torch": found["torch points"] / found["torch supernet"],
    }
    print(json.dumps({"seconds_per_epoch": found, "ratios": ratios}, indent=2))


if __name__ == "__main__":
    main()
