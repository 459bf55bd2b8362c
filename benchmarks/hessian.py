"""Cost of the signals of a search, in search epochs of the same engine.

Run it with python -m benchmarks.hessian. Searches of one trial in one thread, with and without
measurements of the Hessian, take turns. Processor time is measured, the smallest of several times
counts, and only ratios are printed as results. So other work on the machine matters little, except
that it uses the caches.
"""

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, Literal, NamedTuple

for _library in ("OPENBLAS", "OMP"):  # read when NumPy and PyTorch are imported
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402

from configspace.architecture import ArchitectureSettings  # noqa: E402
from configspace.hyperparameters import Hyperparameters  # noqa: E402
from configspace.search import HessianSettings, SearchSettings  # noqa: E402
from configspace.study import ProblemSettings  # noqa: E402
from worker.engine.contract import Batch, Engine  # noqa: E402
from worker.engine.problem import CosineProblem  # noqa: E402
from worker.evaluation.choose import choose_engine  # noqa: E402
from worker.evaluation.signals import signals_of  # noqa: E402

SPACES: Final[tuple[Literal["sequential", "cell"], ...]] = ("sequential", "cell")
EPOCHS = 12
_REPEATS = 20
RUNGS: Final = (2, 6, 50)
"""Epochs of the searches of which the signals are a part: the smallest rungs of the studies in
``studies/`` and ``studies/paper/``, and the largest."""


class Cost(NamedTuple):
    """Cost of the signals of a search."""

    epoch: float
    """Seconds of an epoch without a measurement."""
    rest: float
    """Seconds of the start and all scores, in epochs."""
    inherited: float
    """Seconds of the inherited score, in epochs."""
    others: float
    """Seconds of all other signals that are always recorded, in epochs."""
    hessian: float
    """Seconds of a measurement of the Hessian, in epochs."""
    cadence: float
    """Seconds of a search that measures after every second epoch, in searches that do not."""

    def always(self, epochs: int) -> float:
        """Return the part of a search that the signals take that are always recorded."""
        return (self.inherited + self.others) / (epochs + self.rest + self.others)


def cost(engine: Engine, space: Literal["sequential", "cell"], epochs: int, tries: int) -> Cost:
    """Time searches without a measurement, with one after every epoch, and after every second.

    Args:
        engine: The engine, with its kernels compiled.
        space: The search space.
        epochs: Epochs of each search. With PyTorch, a measured search has one epoch, and none
            measures after every second: a measurement takes up to a minute.
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
    shortest = replace(plain, epochs=1)
    batches = [plain, shortest]
    if engine.name == "numba":
        batches += [every, second]
    else:
        batches.append(replace(every, epochs=1))
    times, scores, others = np.empty((tries, len(batches))), [], []
    for turn in range(tries):
        with _timed_scores(engine.name) as of_scores:
            times[turn] = [_seconds(engine, batch) for batch in batches]
        scores += of_scores[1::2]  # the one-shot score comes first
        searched = engine.search(plain, lambda _done, _of: None)
        began = time.process_time()
        for _ in range(_REPEATS):
            signals_of(plain, searched)
        others.append((time.process_time() - began) / _REPEATS)
    without, one, always, *half = times.min(axis=0)
    epoch = (without - one) / (epochs - 1)
    return Cost(
        epoch=epoch,
        rest=one / epoch - 1,
        inherited=min(scores) / epoch,
        others=min(others) / epoch,
        hessian=((always - without) / epochs if half else always - one) / epoch,
        cadence=half[0] / without if half else float("nan"),
    )


def _seconds(engine: Engine, batch: Batch) -> float:
    began = time.process_time()
    engine.search(batch, lambda _done, _of: None)
    return time.process_time() - began


@contextmanager
def _timed_scores(engine: str) -> Iterator[list[float]]:
    """Yield a list that gets the seconds of each validation of the engine."""
    owner: Any
    if engine == "numba":
        from worker.numba_engine.workspace import Workspace

        owner = Workspace
    else:
        from worker.torch_engine.training import Search

        owner = Search
    seconds: list[float] = []
    score = owner.score

    def timed(*arguments: Any) -> Any:
        began = time.process_time()
        result = score(*arguments)
        seconds.append(time.process_time() - began)
        return result

    owner.score = timed
    try:
        yield seconds
    finally:
        owner.score = score


def main() -> None:
    """Print the cost on both engines and in both spaces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", nargs="+", default=["numba", "torch"])
    parser.add_argument("--spaces", nargs="+", default=SPACES)
    parser.add_argument("--tries", type=int, default=5, help="times that each search runs")
    options = parser.parse_args()
    percents = " | ".join(f"always recorded, {epochs} epochs" for epochs in RUNGS)
    print(
        "| engine | space | epoch, ms | start and scores | inherited | others "
        f"| Hessian | search with cadence 2 | {percents} |"
    )
    print("|---" * (8 + len(RUNGS)) + "|")
    for name in options.engines:
        engine = choose_engine(name, "cpu", 1)
        if name == "torch":
            import torch

            torch.set_num_threads(1)
        for space in options.spaces:
            # The last measurement of cadence 2 is not in its rhythm; with many epochs it matters
            # little. A search on PyTorch takes long, and a few epochs do.
            epochs = EPOCHS if name == "numba" else 2
            if name == "numba":
                cost(engine, space, 2, 1)  # compiles the kernels
            found = cost(engine, space, epochs, options.tries if name == "numba" else 1)
            always = " | ".join(f"{100 * found.always(epochs):.1f}%" for epochs in RUNGS)
            print(
                f"| {name} | {space} | {1e3 * found.epoch:.0f} | {found.rest:.2f} "
                f"| {found.inherited:.3f} | {found.others:.3f} | {found.hessian:.2f} "
                f"| {found.cadence:.2f} | {always} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
