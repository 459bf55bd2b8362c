"""How near the engines come to the paper's Table 1: preset H1 at the full budget.

Runs trials in chunks, appends each to a JSON-lines file, and skips those that are there: it can
be interrupted and started again. Run by hand:

    python benchmarks/science.py --trials 16 --output build/science.jsonl
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, trial_seed
from configspace.study import ArchitectureSettings, ProblemSettings, SearchSettings
from worker.engine import OPERATIONS, Batch, Engine, operations
from worker.engines import choose_engine
from worker.problem import CosineProblem


@dataclass(frozen=True, slots=True)
class Setting:
    """A cell of Table 1."""

    problem: Literal["blur", "downsampling"]
    operations: Literal["good", "all"]
    method: str
    """``das``, or the one operation of every layer."""
    paper: tuple[float, float, float]
    """Mean, median and maximum architecture PSNR in dB over 75 trials."""

    def __str__(self) -> str:
        return f"{self.problem}/{self.operations}/{self.method}"


SETTINGS = (
    Setting("blur", "good", "das", (21.56, 21.60, 23.46)),
    Setting("blur", "all", "das", (15.64, 18.57, 22.86)),
    Setting("downsampling", "good", "das", (16.36, 16.66, 18.03)),
    Setting("blur", "good", "learnable_gradient", (16.36, 16.49, 17.45)),
    Setting("blur", "good", "cnn", (19.45, 20.71, 21.63)),
)


def run(setting: Setting, seeds: list[int], epochs: int, engine: Engine) -> list[dict[str, Any]]:
    """Compute trials of a setting; one row each."""
    batch = Batch(
        problem=CosineProblem(ProblemSettings(name=setting.problem)),
        architecture=ArchitectureSettings(operations=setting.operations),
        search=SearchSettings(),
        hyperparameters=(Hyperparameters.preset("H1"),) * len(seeds),
        epochs=epochs,
        seeds=np.array(seeds, dtype=np.int64),
    )
    one_shot: list[float | None] = [None] * len(seeds)
    if setting.method == "das":
        searched = engine.search(batch, _silent)
        architectures = searched.alpha.argmax(-1)
        one_shot = [float(psnr) for psnr in searched.psnr]
    else:
        picked = OPERATIONS.index(setting.method)
        architectures = np.full((len(seeds), batch.architecture.layers), picked)
    retrained = engine.retrain(batch, architectures, _silent)
    names = operations(batch.architecture)
    return [
        {
            "setting": str(setting),
            "seed": seed,
            "epochs": epochs,
            "engine": engine.name,
            "one_shot_psnr": one_shot[index],
            "architecture_psnr": float(retrained.psnr[index]),
            "architecture": [names[operation] for operation in architectures[index]],
        }
        for index, seed in enumerate(seeds)
    ]


def _silent(_done: int, _total: int) -> None:
    """Take no notice of an engine's progress."""


def table(rows: list[dict[str, Any]]) -> str:
    """Return a Markdown table: ours with n and a 95% bootstrap interval of the mean, and theirs."""
    lines = [
        "| setting | n | mean (95% interval) | paper | median | paper | max | paper |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for setting in SETTINGS:
        psnrs = np.array(
            [row["architecture_psnr"] for row in rows if row["setting"] == str(setting)]
        )
        if len(psnrs) == 0:
            continue
        draws = np.random.default_rng(0).choice(psnrs, (10_000, len(psnrs))).mean(1)
        low, high = np.quantile(draws, [0.025, 0.975])
        mean, median, best = setting.paper
        lines.append(
            f"| {setting} | {len(psnrs)} | {psnrs.mean():.2f} ({low:.2f} to {high:.2f}) | {mean} "
            f"| {np.median(psnrs):.2f} | {median} | {psnrs.max():.2f} | {best} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--chunk", type=int, default=8, help="trials computed together")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output", type=Path, default=Path("build/science.jsonl"))
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    if options.output.exists():
        rows = [json.loads(line) for line in options.output.read_text().splitlines()]
    engine = choose_engine(options.engine, options.device)
    for setting in SETTINGS:
        done = {row["seed"] for row in rows if row["setting"] == str(setting)}
        id = EvaluationId(configuration=(0, 0, 0), epochs=options.epochs)
        seeds = [trial_seed(0, id, index) for index in range(options.trials)]
        missing = [seed for seed in seeds if seed not in done]
        for start in range(0, len(missing), options.chunk):
            fresh = run(setting, missing[start : start + options.chunk], options.epochs, engine)
            with options.output.open("a") as file:
                file.writelines(json.dumps(row) + "\n" for row in fresh)
            rows += fresh
            print(f"{setting}: {start + len(fresh)} of {len(missing)}", file=sys.stderr)
    print(table(rows))


if __name__ == "__main__":
    main()
