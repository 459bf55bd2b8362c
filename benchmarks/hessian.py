"""Cost of the signals of a search, in search epochs of the same engine.

Run it on an idle machine: python -m benchmarks.hessian. Searches of one trial in one thread, with
and without measurements, are timed in turn. The smallest of several times counts, and only ratios
are printed as results, so that other work on the machine matters little.
"""

import argparse
import os
import time
from dataclasses import replace
from typing import Final, Literal, NamedTuple

for _library in ("OPENBLAS", "OMP"):  # read when NumPy and PyTorch are imported
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

from configspace.hyperparameters import Hyperparameters  # noqa: E402
from configspace.search import HessianSettings, SearchSettings  # noqa: E402
from configspace.study import ArchitectureSettings, ProblemSettings  # noqa: E402
from worker.engine.contract import Batch, Engine  # noqa: E402
from worker.engine.problem import CosineProblem  # noqa: E402
from worker.evaluation.choose import choose_engine  # noqa: E402

SPACES: Final[tuple[Literal["sequential", "cell"], ...]] = ("sequential", "cell")
EPOCHS = 12


class Cost(NamedTuple):
    """Cost of the signals of a search."""

    epoch: float
    """Seconds of an epoch without a measurement."""
    scores: float
    """Seconds of the one-shot and the inherited score together, with the start, in epochs."""
    hessian: float
    """Seconds of a measurement of the Hessian, in epochs."""
    cadence: float
    """Seconds of a search that measures after every second epoch, in searches that do not."""


def cost(engine: Engine, space: Literal["sequential", "cell"], epochs: int, tries: int) -> Cost:
    """Time searches without a measurement, with one after every epoch, and after every second.

    Args:
        engine: The engine, with its kernels compiled.
        space: The search space.
        epochs: Epochs of each search.
        tries: Number of times that each search is timed.
    """
    plain = Batch(
        problem=CosineProblem(ProblemSettings()),
        architecture=ArchitectureSettings(space=space),
        search=SearchSettings(),
        hyperparameters=(Hyperparameters(),),
        epochs=epochs,
        seeds=np.array([1]),
    )
    every, second = (
        replace(
            plain,
            search=SearchSettings(hessian=HessianSettings(every=cadence)),
            eigenvalues=True,
        )
        for cadence in (1, 2)
    )
    times = np.array(
        [
            [_seconds(engine, batch) for batch in (plain, every, second, replace(plain, epochs=1))]
            for _ in range(tries)
        ]
    )
    without, always, half, one = times.min(axis=0)
    epoch = (without - one) / (epochs - 1)
    return Cost(
        epoch=epoch,
        scores=one / epoch - 1,
        hessian=(always - without) / epochs / epoch,
        cadence=half / without,
    )


def _seconds(engine: Engine, batch: Batch) -> float:
    began = time.perf_counter()
    engine.search(batch, lambda _done, _of: None)
    return time.perf_counter() - began


def main() -> None:
    """Print the cost on both engines and in both spaces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", nargs="+", default=["numba", "torch"])
    parser.add_argument("--tries", type=int, default=5, help="times that each search runs")
    options = parser.parse_args()
    print("| engine | space | epoch, ms | both scores | Hessian | search with cadence 2 |")
    print("|---|---|---|---|---|---|")
    for name in options.engines:
        engine = choose_engine(name, "cpu", 1)
        if name == "torch":
            import torch

            torch.set_num_threads(1)
        for space in SPACES:
            # The last measurement of cadence 2 is not in its rhythm; with many epochs it matters
            # little. A search on PyTorch takes long, and a few epochs do.
            epochs = EPOCHS if name == "numba" else 2
            cost(engine, space, 2, 1)  # compiles the kernels
            found = cost(engine, space, epochs, options.tries if name == "numba" else 1)
            cadence = f"{found.cadence:.2f}" if name == "numba" else ""
            print(
                f"| {name} | {space} | {1e3 * found.epoch:.0f} | {found.scores:.2f} "
                f"| {found.hessian:.2f} | {cadence} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
