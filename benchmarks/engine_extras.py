"""Parts of `benchmarks.engine`: memory, start time, profile, tables and a plot."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch.profiler import ProfilerActivity, profile

STOCK = ("conv", "batch_norm")
"""Parts of the names of the operators in `Conv1d` and `BatchNorm1d`, forward and backward."""

_SEARCH = """
import json, sys, threading, time
import numpy as np
import psutil
from configspace.hyperparameters import Hyperparameters
from configspace.search import SearchSettings
from configspace.architecture import ArchitectureSettings
from configspace.study import ProblemSettings
from worker.engine.contract import Batch
from worker.evaluation.choose import choose_engine
from worker.engine.problem import CosineProblem

name, trials, batches, space = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
engine = choose_engine(name, "cpu")
if name == "torch":
    import torch
    torch.set_num_threads(1)
batch = Batch(
    problem=CosineProblem(ProblemSettings()),
    architecture=ArchitectureSettings(space=space),
    search=SearchSettings(batches=batches),
    hyperparameters=(Hyperparameters(),) * trials,
    epochs=1,
    seeds=np.arange(trials),
)
process, over, first = psutil.Process(), threading.Event(), []
sizes = [process.memory_info().rss]

def watch():
    while not over.wait(0.005):
        sizes.append(process.memory_info().rss)

watcher = threading.Thread(target=watch)
watcher.start()
engine.search(batch, lambda *_: first.append(time.time()))
over.set()
watcher.join()
print(json.dumps({"first": first[0], "bytes": max(sizes) - sizes[0]}))
"""


def peak_memory(engine: str, trials: int, space: str, batches: int = 19) -> float:
    """Return the peak memory of a search with 16 channels, in MB above the imports."""
    return float(_searched(engine, trials, batches, space)["bytes"]) / 1e6


def start_seconds(space: str, tries: int = 3) -> float:
    """Return the seconds from the start of a process to the first steps of the Numba engine."""
    times = []
    for _ in range(tries):
        began = time.time()
        times.append(float(_searched("numba", 1, 1, space)["first"]) - began)
    return min(times)


def _searched(engine: str, trials: int, batches: int, space: str) -> dict[str, Any]:
    words = [sys.executable, "-c", _SEARCH, engine, str(trials), str(batches), space]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def eager_share(step: Callable[[], None], steps: int = 5) -> float:
    """Return the share of a step's time in the operators of `Conv1d` and `BatchNorm1d`."""
    step()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(steps):
            step()
    times = [(event.key, event.self_cpu_time_total) for event in profiler.key_averages()]
    inside = sum(spent for name, spent in times if any(part in name for part in STOCK))
    return float(inside / sum(spent for _, spent in times))


def table(result: dict[str, Any]) -> str:
    """Return the result as text."""
    lines = [f"one core reaches {result['peak_gflops']:.0f} GFLOP/s (float32)", ""]
    head = ("engine", "phase", "channels", "trials", "threads", "ms/step", "× eager", "÷ ceiling")
    lines.append("{:8}{:9}{:>9}{:>8}{:>9}{:>10}{:>10}{:>11}".format(*head))
    for row in result["rows"]:
        eager = row["ratio_to_eager"]
        lines.append(
            f"{row['engine']:8}{row['phase']:9}{row['channels']:9}{row['trials']:8}"
            f"{row['threads']:9}{row['ms_per_trial_step']:10.3f}"
            f"{'' if eager is None else format(eager, '.1f'):>10}{row['ratio_to_ceiling']:11.2f}"
        )
    lines.append("")
    if "eager_share" in result:
        share = result["eager_share"]
        lines.append(f"eager: {share:.0%} of a search step is inside Conv1d and BatchNorm1d")
    for engine, megabytes in result["peak_memory_mb"].items():
        trials = result["memory_trials"]
        lines.append(
            f"{engine}: peak memory of {trials} trials: {megabytes:.0f} MB above the imports"
        )
    if "scaling" in result:
        rates = ", ".join(f"{n}: {rate:.0f}" for n, rate in result["scaling"].items())
        (_, one), *_, (_, most) = result["scaling"].items()
        lines.append(f"numba: trial-steps per second by threads: {rates} ({most / one:.2f} times)")
    if "start_seconds" in result:
        lines.append(
            f"numba: {result['start_seconds']:.2f} s from the start of a process to its first steps"
        )
    return "\n".join(lines)


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table with one line per phase, channels and trials."""
    engines = list(dict.fromkeys(row["engine"] for row in rows))
    compared = [engine for engine in engines if engine != "eager"]
    head = ["", "trials", *(f"{engine}, ms" for engine in engines)]
    head += [f"{engine} over eager" for engine in compared if "eager" in engines]
    head += [f"{engine}, times the ceiling" for engine in compared if engine == "numba"]
    lines = [head, ["---"] * len(head)]
    places = [(row["channels"], row["phase"], row["trials"]) for row in rows]
    # Sort by channels, then by phase, with the search first, then by trials.
    for channels, phase, trials in sorted(
        set(places), key=lambda at: (at[0], at[1] != "search", at[2])
    ):
        name = "retraining" if phase == "retrain" else phase
        found = {
            row["engine"]: row
            for row, place in zip(rows, places, strict=True)
            if place == (channels, phase, trials)
        }
        cells = [f"{name}, {channels} channels", str(trials)]
        cells += [f"{found[engine]['ms_per_trial_step']:.3g}" for engine in engines]
        if "eager" in engines:
            cells += [f"{found[engine]['ratio_to_eager']:.3g}" for engine in compared]
        if "numba" in compared:
            cells.append(f"{found['numba']['ratio_to_ceiling']:.2f}")
        lines.append(cells)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def plot(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Plot each engine's ratio to eager against the number of trials."""
    from matplotlib.figure import Figure

    panels = sorted({(row["phase"], row["channels"]) for row in rows}, reverse=True)
    figure = Figure(figsize=(4 * len(panels), 3.5), layout="constrained")
    for place, (phase, channels) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), place)
        for engine in dict.fromkeys(row["engine"] for row in rows):
            line = [
                (row["trials"], row["ratio_to_eager"])
                for row in rows
                if (row["engine"], row["phase"], row["channels"]) == (engine, phase, channels)
                and row["ratio_to_eager"] is not None
            ]
            if line:
                axes.loglog(*zip(*line, strict=True), marker="o", label=engine)
        axes.set(title=f"{phase}, {channels} channels", xlabel="trials", ylabel="times eager")
        axes.legend()
    figure.savefig(path)
