"""Compare the engines' scores with Tables 1 to 3 of the paper, at the full budget.

The trials run in chunks and are appended to a JSON-lines file. You can interrupt the benchmark and
start it again: it skips the trials in the file. Examples:

    python -m benchmarks.science --trials 32
    python -m benchmarks.science --trials 16 --variations
    python -m benchmarks.science --trials 32 --cells

--variations changes the settings that the paper leaves open, one at a time. It uses the presets of
Table 3 whose scores with all operations differ most from ours. --cells compares with Table 2.
"""

import argparse
import json
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from configspace.architecture import ArchitectureSettings
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Trial, trial_seed
from configspace.operations import operations
from configspace.search import SearchSettings
from configspace.study import ProblemSettings
from worker.engine.contract import Batch, Engine
from worker.engine.problem import CosineProblem
from worker.evaluation.architectures import names_of, same_everywhere
from worker.evaluation.choose import choose_engine
from worker.evaluation.evaluate import search_trials, train_fixed

Change = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """An entry of Tables 1 to 3, or a variation of one."""

    problem: Literal["blur", "downsampling"]
    operations: Literal["good", "all"]
    method: str
    """``das``, ``random``, or the name of the operation on every layer or edge."""
    paper: tuple[float, float, float]
    """The paper's mean, median and maximum architecture PSNR in dB (75 trials; Table 2: 100)."""
    change: Change = field(default_factory=dict)
    """Differences from the defaults, by dotted keys of a study file."""
    preset: str = "H1"

    def __str__(self) -> str:
        name = f"{self.problem}, {self.operations}, {self.method}"
        name += f", {self.preset}" if self.preset != "H1" else ""
        return name + "".join(f", {key} = {value}" for key, value in self.change.items())


BLUR_ALL_DAS = Setting("blur", "all", "das", (15.64, 18.57, 22.86))
BLUR_ALL_TUNED = (
    Setting("blur", "all", "das", (15.57, 18.04, 22.47), preset="BOHB-one-shot-Blur"),
    Setting("blur", "all", "das", (12.76, 8.21, 22.94), preset="BOHB-Blur"),
)
BLUR_ALL_RANDOM = Setting("blur", "all", "random", (9.45, 8.10, 20.86))
BLUR_CNN = Setting("blur", "good", "cnn", (19.45, 20.71, 21.63))

SETTINGS = (
    Setting("blur", "good", "das", (21.56, 21.60, 23.46)),
    BLUR_ALL_DAS,
    Setting("downsampling", "good", "das", (16.36, 16.66, 18.03)),
    Setting("blur", "good", "learnable_gradient", (16.36, 16.49, 17.45)),
    BLUR_CNN,
)

CHANGES: tuple[Change, ...] = (
    {"problem.noise": 0.01},
    {"architecture.channels": 4},
    {"architecture.channels": 64},
    {"architecture.kernel_size": 5},
    {"search.alpha_scale": 0.1},
    {"search.alpha_scale": 1.0},
    {"search.warm_up_fraction": 0.5},
    {"architecture.roll_shift": 10},
    {"architecture.operation_noise": 0.1},
)
IN_CELLS: Change = {"architecture.space": "cell"}
CELLS = (
    Setting("blur", "good", "das", (13.08, 12.51, 15.34), IN_CELLS),
    Setting("blur", "all", "das", (13.56, 13.73, 16.15), IN_CELLS),
    Setting("blur", "good", "learnable_gradient", (12.41, 12.38, 13.19), IN_CELLS),
    Setting("blur", "good", "cnn", (14.83, 15.82, 16.35), IN_CELLS),
)
"""Entries of Table 2."""

SEARCH_KEYS = ("search.alpha_scale", "search.warm_up_fraction")
HARMFUL_OPERATION_KEYS = ("architecture.roll_shift", "architecture.operation_noise")
VARIATIONS = (
    *(
        replace(setting, change=change)
        for setting in (BLUR_ALL_DAS, *BLUR_ALL_TUNED)
        for change in ({}, *CHANGES)
    ),
    *(
        replace(BLUR_ALL_RANDOM, change=change)
        for change in ({}, *CHANGES)
        if not {*change} & {*SEARCH_KEYS}
    ),
    *(
        replace(BLUR_CNN, change=change)
        for change in CHANGES
        if not {*change} & {*SEARCH_KEYS, *HARMFUL_OPERATION_KEYS}
    ),
)


def run(setting: Setting, seeds: list[int], epochs: int, engine: Engine) -> tuple[Trial, ...]:
    """Compute trials of a setting, one per seed."""
    batch = Batch(
        problem=CosineProblem(ProblemSettings(name=setting.problem, **_of(setting, "problem"))),
        architecture=ArchitectureSettings(
            operations=setting.operations, **_of(setting, "architecture")
        ),
        search=SearchSettings(**_of(setting, "search")),
        hyperparameters=(Hyperparameters.preset(setting.preset),) * len(seeds),
        epochs=epochs,
        seeds=np.array(seeds, dtype=np.int64),
    )
    if setting.method == "das":
        return search_trials(batch, engine, retrain=True, progress=_silent)
    if setting.method == "random":
        count = len(operations(batch.architecture))
        rows = [
            np.random.default_rng(seed).integers(count, size=batch.architecture.edges)
            for seed in seeds
        ]
        return train_fixed(batch, names_of(batch, np.stack(rows)), engine, progress=_silent)
    fixed = same_everywhere(batch, setting.method)
    return train_fixed(batch, fixed, engine, progress=_silent)


def _of(setting: Setting, table: str) -> Change:
    prefix = f"{table}."
    return {
        key.removeprefix(prefix): value
        for key, value in setting.change.items()
        if key.startswith(prefix)
    }


def _silent(_phase: str, _done: int, _of: int) -> None:
    """Ignore the progress of an engine."""


def table(settings: tuple[Setting, ...], rows: list[dict[str, Any]]) -> str:
    """Return a Markdown table of our scores, with 95% intervals of the mean, and the paper's."""
    lines = [
        "| setting | n | mean [95% interval] | paper | median | paper | best | paper |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for setting in settings:
        found = [row["architecture_psnr"] for row in rows if row["setting"] == str(setting)]
        if not found:
            continue
        psnrs = np.array(found)
        draws = np.random.default_rng(0).choice(psnrs, (10_000, len(psnrs))).mean(1)
        low, high = np.quantile(draws, [0.025, 0.975])
        mean, median, best = setting.paper
        lines.append(
            f"| {setting} | {len(psnrs)} | {psnrs.mean():.2f} [{low:.2f}, {high:.2f}] | {mean:.2f} "
            f"| {np.median(psnrs):.2f} | {median:.2f} | {psnrs.max():.2f} | {best:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the trials that are missing, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.science",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--trials", type=int, default=16, help="trials per setting (default: %(default)s)"
    )
    parser.add_argument(
        "--chunk", type=int, default=8, help="trials computed together (default: %(default)s)"
    )
    parser.add_argument(
        "--epochs", type=int, default=50, help="epochs per phase (default: %(default)s)"
    )
    parser.add_argument("--engine", default="auto", help="auto, torch or numba")
    parser.add_argument("--device", default="auto", help="auto, cpu or a PyTorch device")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--variations", action="store_true", help="vary one open setting at a time")
    which.add_argument("--cells", action="store_true", help="compare the cell space with Table 2")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build/science.jsonl"),
        metavar="FILE",
        help="file of the trials (default: %(default)s)",
    )
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    if options.output.exists():
        rows = [json.loads(line) for line in options.output.read_text().splitlines()]
    engine = choose_engine(options.engine, options.device)
    id = EvaluationId(configuration=(0, 0, 0), epochs=options.epochs)
    seeds = [trial_seed(0, id, index) for index in range(options.trials)]
    # A seed identifies the number of epochs, too.
    rows = [row for row in rows if row["engine"] == engine.name and row["seed"] in seeds]
    settings = VARIATIONS if options.variations else CELLS if options.cells else SETTINGS
    for setting in settings:
        known = {row["seed"] for row in rows if row["setting"] == str(setting)}
        missing = [seed for seed in seeds if seed not in known]
        for start in range(0, len(missing), options.chunk):
            trials = run(setting, missing[start : start + options.chunk], options.epochs, engine)
            fresh = [
                {"setting": str(setting), "epochs": options.epochs, "engine": engine.name}
                | trial.model_dump(mode="json", exclude={"curves"})
                for trial in trials
            ]
            with options.output.open("a") as file:
                file.writelines(json.dumps(row) + "\n" for row in fresh)
            rows += fresh
            print(f"{setting}: {start + len(fresh)} of {len(missing)}", file=sys.stderr)
    print(table(settings, rows))


if __name__ == "__main__":
    main()
