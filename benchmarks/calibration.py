"""Measure how often the verdicts of the commands that judge runs are false or missing.

Each rule judges made-up scores between which there is no difference, many times. The error rate is
the share of cases in which it nevertheless says that there is one, in either direction; it should
be about 5%. The power is the share of cases in which it finds a difference of one standard
deviation (for correlations: of 0.7 instead of none). Examples:

    python -m benchmarks.calibration
    python -m benchmarks.calibration --simulations 200 --n 5,16 --rules better,training
    python -m benchmarks.calibration --json calibration.json

The rules are the functions of the commands themselves. The scores are normal; skewed, with a limit
above (minus an exponential variable); or failing: normal, but a quarter of the runs fails and is 13
standard deviations lower. With --json, an interrupted run resumes: it computes only the cells that
the file does not have.
"""

import argparse
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from rich.console import Console
from rich.progress import Progress

from benchmarks.calibration_rules import RULES, SAME_SCORES
from benchmarks.calibration_scores import Draw, Scores
from results.stats import estimates

SIZES = (2, 5, 8, 16, 32, 75)


@dataclass(frozen=True, slots=True)
class Cell:
    """Error rate and power of one rule for one kind of scores and one number of runs."""

    rule: str
    scores: str
    n: int
    simulations: int
    error: float | None
    """Share of false verdicts; None: the rule gives no verdict for so few runs."""
    power: float | None
    """Share of differences that are found; None: not measured."""


def measure(rule: str, scores: Scores, n: int, *, simulations: int, power: int = 0) -> Cell:
    """Return the error rate and the power of a rule.

    Args:
        rule: Name of the rule.
        scores: Kind of the scores.
        n: Number of runs of each setting.
        simulations: Number of cases without a difference.
        power: Number of cases with a difference; 0: the power is not measured.
    """
    verdict = RULES[rule][1]
    stream = SAME_SCORES.get(rule, rule)
    draw = Draw(scores, np.random.default_rng(zlib.crc32(f"{stream} {scores} {n}".encode())))

    def share(cases: int, effect: float) -> float | None:
        found = []
        for _ in range(cases):
            one = verdict(draw, n, effect)
            if one is None:
                return None
            found.append(one)
        return float(np.mean(found)) if found else None

    error = share(simulations, 0.0)
    return Cell(rule, scores, n, simulations, error, None if error is None else share(power, 1.0))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the cells that are asked for, and print the table."""
    options = _options().parse_args(arguments)
    estimates.RESAMPLES = options.resamples
    console = Console(stderr=True)
    cells = _load(options.json)
    asked = [
        (rule, scores, n)
        for rule in options.rules
        for scores in get_args(Scores)
        for n in options.n
    ]
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("calibrating", total=len(asked))
        for key in asked:
            if key not in cells or cells[key].simulations < options.simulations:
                progress.update(task, description=f"{key[0]}, {key[1]}, n = {key[2]}")
                cells[key] = measure(*key, simulations=options.simulations, power=options.power)
                _save(options.json, cells)
            progress.advance(task)
    print(markdown([cells[key] for key in asked]))


def markdown(cells: Sequence[Cell]) -> str:
    """Return the error rates as a Markdown table, with the power after a slash.

    A row has the number of cases per cell, or the smallest and the largest one.
    """
    sizes = sorted({cell.n for cell in cells})
    lines = [
        f"| rule | scores | cases | {' | '.join(f'n = {n}' for n in sizes)} |",
        f"| --- | --- | ---: |{' ---: |' * len(sizes)}",
    ]
    rows: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        rows.setdefault((cell.rule, cell.scores), []).append(cell)
    for (rule, scores), row in rows.items():
        by_size = {cell.n: cell for cell in row}
        texts = [RULES[rule][0], scores, _cases(row), *(_text(by_size.get(n)) for n in sizes)]
        lines.append(f"| {' | '.join(texts)} |")
    return "\n".join(lines)


def _cases(row: Sequence[Cell]) -> str:
    cases = [cell.simulations for cell in row]
    return " to ".join(f"{ends:,}" for ends in sorted({min(cases), max(cases)}))


def _text(cell: Cell | None) -> str:
    if cell is None or cell.error is None:
        return "–"
    return f"{cell.error:.1%}" + ("" if cell.power is None else f" / {cell.power:.0%}")


def _load(path: Path | None) -> dict[tuple[str, Scores, int], Cell]:
    if path is None or not path.exists():
        return {}
    found = (Cell(**each) for each in json.loads(path.read_text()))
    return {(cell.rule, cell.scores, cell.n): cell for cell in found}  # type: ignore[misc]


def _save(path: Path | None, cells: dict[tuple[str, Scores, int], Cell]) -> None:
    if path is not None:
        temporary = path.with_name(f"{path.name}.part")
        temporary.write_text(json.dumps([asdict(cell) for cell in cells.values()], indent=1))
        temporary.replace(path)


def _options() -> argparse.ArgumentParser:
    summary, _, epilog = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.calibration",
        description=summary,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--simulations", type=int, default=2000, help="cases per cell (2000)")
    parser.add_argument("--power", type=int, default=200, help="cases for the power (200; 0: none)")
    parser.add_argument(
        "--n", type=_numbers, default=SIZES, help="numbers of runs (2,5,8,16,32,75)"
    )
    parser.add_argument(
        "--rules", type=_names, default=tuple(RULES), help=f"rules (all: {','.join(RULES)})"
    )
    parser.add_argument(
        "--resamples",
        type=int,
        default=1000,
        help="resamples of a bootstrap (1000; the commands draw 10,000)",
    )
    parser.add_argument("--json", type=Path, help="file to keep the results in, and to resume from")
    return parser


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in RULES]:
        raise argparse.ArgumentTypeError(
            f"expected rules among {', '.join(RULES)}, got {', '.join(unknown)}"
        )
    return names


if __name__ == "__main__":
    main()
