"""Compare the engines with an eager PyTorch search, and with the peak rate of the processor.

Examples:

    python -m benchmarks.engine
    python -m benchmarks.engine --engines eager,numba --trials 8 --channels 16 --json -
    python -m benchmarks.engine --space cell

All engines do the same work: searches with H1 on blur with all operations, and retrainings of
random architectures, in the sequential space or in the cell space. The eager search
(benchmarks/eager.py) is what most users would write, one trial at a time. The ceiling is the time
that the arithmetic of a trial-step takes at the best rate of this core (benchmarks/ceiling.py). The
ratio to the ceiling is the measured time divided by this time.

The engines alternate for a few rounds, and the best round of each counts. With one thread the
benchmark measures processor time, so that other programs matter less; with more threads it
measures wall-clock time.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.ceiling import peak_rate, retrain_operations, search_operations
from benchmarks.eager import EagerRetraining, EagerSearch
from benchmarks.engine_extras import (
    eager_share,
    markdown,
    peak_memory,
    plot,
    start_seconds,
    table,
)
from configspace.architecture import ArchitectureSettings
from configspace.hyperparameters import Hyperparameters
from configspace.operations import operations as operation_names
from configspace.search import SearchSettings
from configspace.study import ProblemSettings
from worker.engine.contract import Batch, Engine
from worker.engine.problem import CosineProblem
from worker.numba_engine.engine import NumbaEngine, available_processors
from worker.numba_engine.first_calls import ensure_compiled
from worker.torch_engine.engine import TorchEngine

ENGINES = ("eager", "torch", "numba")
PHASES = ("search", "retrain")
Space = Literal["sequential", "cell"]
FULL = SearchSettings()

Row = dict[str, Any]
Measure = Callable[[], float]
"""Does some work, and returns the milliseconds per trial-step."""


@dataclass(frozen=True, slots=True)
class Case:
    """The measurement of one row."""

    engine: str
    phase: str
    trials: int
    channels: int
    threads: int
    space: Space = "sequential"


def work(case: Case, epochs: int = 1, batches: int = 1) -> Batch:
    """Return the trials of a case as a batch."""
    return Batch(
        problem=CosineProblem(ProblemSettings()),
        architecture=ArchitectureSettings(space=case.space, channels=case.channels),
        search=SearchSettings(batches=batches),
        hyperparameters=(Hyperparameters.preset("H1"),) * case.trials,
        epochs=epochs,
        seeds=np.arange(1, case.trials + 1),
    )


def architectures(case: Case) -> NDArray[np.int64]:
    """Return random architectures; a larger number of trials starts with the same ones."""
    settings = ArchitectureSettings(space=case.space)
    shape = (256, settings.edges)
    names = operation_names(settings)
    return np.random.default_rng(0).integers(0, len(names), shape)[: case.trials]


def measure_of(case: Case, seconds: float) -> Measure:
    """Return a function that measures a case once, with about this many seconds of work."""
    if case.engine == "eager":
        return eager_search(case) if case.phase == "search" else eager_retraining(case)
    engine: Engine = TorchEngine() if case.engine == "torch" else NumbaEngine(case.threads)
    clock = time.process_time if case.threads == 1 else time.perf_counter
    steps = seconds * 1e3 / (case.trials * engine_time(case, engine, clock, epochs=2, batches=1))
    batches = min(FULL.batches, max(1, round(steps**0.5)))  # the score of a trial takes as many
    epochs = 1 + min(49, max(1, round(steps / batches)))
    return lambda: engine_time(case, engine, clock, epochs, batches)


def engine_time(
    case: Case, engine: Engine, clock: Callable[[], float], epochs: int, batches: int
) -> float:
    """Return the milliseconds per trial-step, from the end of the first epoch to the end."""
    batch = work(case, epochs, batches)
    times: list[float] = []
    if case.phase == "search":
        engine.search(batch, lambda *_: times.append(clock()))
    else:
        engine.retrain(batch, architectures(case), lambda *_: times.append(clock()))
    return (times[-1] - times[0]) * 1e3 / ((epochs - 1) * batches * case.trials)


def eager_search(case: Case) -> Measure:
    """Return a function that measures some steps of one eager search."""
    search = EagerSearch(work(replace(case, trials=1)), 0)
    return lambda: milliseconds_per_step([search.step], tries=6)


def eager_retraining(case: Case) -> Measure:
    """Return a function that measures steps of eager retrainings, as a mean over architectures."""
    batch = work(replace(case, trials=1))
    picks = architectures(case).tolist()
    return lambda: milliseconds_per_step(
        [EagerRetraining(batch, 0, layers).step for layers in picks], tries=4
    )


def milliseconds_per_step(kinds: Sequence[Callable[[], None]], tries: int) -> float:
    """Return the mean over kinds of steps; of each kind, the best of some tries after a warm-up."""
    best = []
    for step in kinds:
        step()
        times = []
        for _ in range(tries):
            began = time.process_time()
            step()
            times.append(time.process_time() - began)
        best.append(min(times))
    return 1e3 * sum(best) / len(best)


def rows_of(cases: Sequence[Case], *, seconds: float, rounds: int, peak: float) -> list[Row]:
    """Measure cases in alternation, and compare them.

    Args:
        cases: The cases.
        seconds: Approximate seconds of work per engine and round.
        rounds: Number of rounds; the best round of each case counts.
        peak: Peak rate of one core, in float32 operations per second.
    """
    measures = [measure_of(case, seconds) for case in cases]
    turns = [[measure() for measure in measures] for _ in range(rounds)]
    best = dict(zip(cases, (min(times) for times in zip(*turns, strict=True)), strict=True))
    return [row(case, milliseconds, best, peak) for case, milliseconds in best.items()]


def row(case: Case, milliseconds: float, best: dict[Case, float], peak: float) -> Row:
    """Return one row of the result: a case, compared with the eager case of the same work."""
    eager = best.get(replace(case, engine="eager", threads=1))
    columns = asdict(case)
    del columns["space"]  # the same in all rows of a run
    return {
        **columns,
        "ms_per_trial_step": milliseconds,
        "ratio_to_eager": None if eager is None else eager / milliseconds,
        "ratio_to_ceiling": milliseconds / (1e3 * operations(case) / peak),
    }


def operations(case: Case) -> float:
    """Return the float32 operations per trial-step of a case."""
    batch = work(replace(case, trials=1))
    if case.phase == "search":
        return search_operations(batch)
    return retrain_operations(batch, architectures(case))


def cases_of(engines: Sequence[str], trials: int, channels: int, space: Space) -> list[Case]:
    """Return the cases of both phases for some engines, each on one thread."""
    return [
        Case(engine, phase, trials, channels, 1, space) for phase in PHASES for engine in engines
    ]


def full_run(engines: Sequence[str], arguments: argparse.Namespace, peak: float) -> dict[str, Any]:
    """Measure all sizes, and the memory, start time and scaling of the engines."""
    rows: list[Row] = []
    space: Space = arguments.space
    for channels in arguments.channels:
        for trials in arguments.trials:
            say(f"{channels} channels, {trials} trials")
            cases = cases_of(engines, trials, channels, space)
            rows += rows_of(cases, seconds=arguments.seconds, rounds=arguments.rounds, peak=peak)
    result: dict[str, Any] = {"space": space, "peak_gflops": peak / 1e9, "rows": rows}
    single = Case("eager", "search", 1, 16, 1, space)
    if "eager" in engines:
        say("profile of eager PyTorch")
        result["eager_share"] = eager_share(EagerSearch(work(single), 0).step)
    if "numba" in engines:
        cores = available_processors()
        say(f"scaling from 1 thread to {cores}")
        cases = [Case("numba", "search", 8, 16, threads, space) for threads in (1, cores)]
        result["scaling"] = scaling(cases, arguments.seconds, arguments.rounds)
        say("start of a process")
        result["start_seconds"] = start_seconds(space)
    say("memory")
    compiled = [engine for engine in engines if engine != "eager"]
    trials = arguments.memory_trials
    result["memory_trials"] = trials
    result["peak_memory_mb"] = {engine: peak_memory(engine, trials, space) for engine in compiled}
    return result


def scaling(cases: Sequence[Case], seconds: float, rounds: int) -> dict[str, float]:
    """Return the trial-steps per second of wall-clock time, by number of threads."""
    batch = work(cases[0], 1 + round(seconds * 4), FULL.batches)
    best: dict[str, float] = {}
    for _ in range(rounds):
        for case in cases:
            began = time.perf_counter()
            NumbaEngine(case.threads).search(batch, lambda *_: None)
            rate = case.trials * batch.steps / (time.perf_counter() - began)
            best[str(case.threads)] = max(rate, best.get(str(case.threads), 0.0))
    return best


def say(text: str) -> None:
    """Print progress to standard error, separate from the result."""
    print(text, file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )

    def engine_list(text: str) -> list[str]:
        names = text.split(",")
        if not set(names) <= set(ENGINES):
            raise argparse.ArgumentTypeError(
                f"expected engines among {','.join(ENGINES)}, got {text!r}"
            )
        return names

    def counts(text: str) -> list[int]:
        return [int(part) for part in text.split(",")]

    parser.add_argument(
        "--engines",
        type=engine_list,
        default=list(ENGINES),
        metavar="A,B",
        help="engines, separated by commas (default: all)",
    )
    parser.add_argument(
        "--trials",
        type=counts,
        default=[1, 8, 25, 75],
        metavar="N,M",
        help="numbers of trials in a batch (default: 1,8,25,75)",
    )
    parser.add_argument(
        "--channels",
        type=counts,
        default=[16, 64],
        metavar="N,M",
        help="numbers of channels (default: 16,64)",
    )
    parser.add_argument(
        "--space",
        choices=["sequential", "cell"],
        default="sequential",
        help="search space (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=1.2,
        help="seconds of work per engine and round (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="rounds; the best counts (default: %(default)s)"
    )
    parser.add_argument(
        "--memory-trials",
        type=int,
        default=75,
        help="trials for the measurement of memory (default: %(default)s)",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="write the rows to a file; - prints only them"
    )
    parser.add_argument("--markdown", metavar="FILE", help="write the rows as a Markdown table")
    parser.add_argument("--plot", metavar="FILE", help="plot the ratios to eager PyTorch")
    return parser


def main(words: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    arguments = parser().parse_args(words)
    torch.set_num_threads(1)
    if "numba" in arguments.engines:
        ensure_compiled(lambda step: say(step.text), space=arguments.space)
    peak = peak_rate()
    if arguments.json == "-":
        rows: list[Row] = []
        for channels in arguments.channels:
            for trials in arguments.trials:
                cases = cases_of(arguments.engines, trials, channels, arguments.space)
                seconds, rounds = arguments.seconds, arguments.rounds
                rows += rows_of(cases, seconds=seconds, rounds=rounds, peak=peak)
        print(json.dumps(rows, indent=1))
        return
    result = full_run(arguments.engines, arguments, peak)
    print(table(result))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(result, indent=1) + "\n")
    if arguments.markdown:
        Path(arguments.markdown).write_text(markdown(result["rows"]))
    if arguments.plot:
        plot(result["rows"], Path(arguments.plot))


if __name__ == "__main__":
    main()
