"""Compare strategies on noisy quadratics: how close the best observed point is to the optimum.

Examples:

    python -m benchmarks.descent
    python -m benchmarks.descent --repetitions 20 --evaluations 60 --json -
    python -m benchmarks.descent --plot descent.png --markdown descent.md
    python -m benchmarks.descent --choices

A repetition draws a quadratic f(x) = −(x − x*)ᵀ A (x − x*) in the unit square: the optimum x*
uniformly in [0.1, 0.9]², and A with the eigenvalues 1 and 0.1 in a random rotation. So f is between
0 and about −1. An observation is f(x) + ε. "Independent" noise is drawn for each observation;
"common seeds" have one part that all observations of the repetition share, and a small one that is
drawn for each. No strategy sees the shared part: it ranks points by their differences. All
strategies get the same quadratics.

The best observed point is that with the highest observation, noise included, as in a search. The
output has the median of its distance from x* over the repetitions with a 95% bootstrap interval.
--choices varies the lengths of the descent, one at a time, on other quadratics than those of the
comparison. There is no descent with supernets: a model of the noise of α would be invented.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from master.strategies.base import Answer, Course
from master.strategies.bayesian import Bayesian
from master.strategies.plane_descent import DEFAULT, plane_descent
from master.strategies.random_search import random_search
from master.strategies.space import Plane, Point
from results.plots import style
from results.stats.estimates import estimate

Floats = NDArray[np.float64]
Begin = Callable[[int], Course]
"""Begins the course of a search with a seed. Unlike in a campaign, it is not replayed each time."""

SQUARE = Plane(("x", "y"), ((1.0, 10.0), (1.0, 10.0)))
EIGENVALUES = (1.0, 0.1)
EVERY = 4
"""Number of evaluations between two medians."""
CHOICES_AT = 60
"""Number of evaluations at which --choices compares: the default of a search."""
QUADRATICS = 2_718_281_828
"""Distinguishes the random numbers of the quadratics from those of the strategies."""
OTHER_QUADRATICS = 1_000_000
"""First repetition of --choices."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Standard deviations of the noise, in units of f."""

    name: str
    independent: float
    shared: float = 0.0


NOISES = (
    Noise("no noise, σ = 0", 0.0),
    Noise("independent noise, σ = 0.003", 0.003),
    Noise("independent noise, σ = 0.03", 0.03),
    Noise("common seeds, σ = 0.03 of which 0.01 independent", 0.01, (0.03**2 - 0.01**2) ** 0.5),
)


@dataclass(frozen=True, slots=True)
class Row:
    """Median distance of the best observed point from the optimum."""

    noise: str
    strategy: str
    evaluations: int
    repetitions: int
    median: float
    low: float
    high: float

    @property
    def cell(self) -> str:
        """The median with its interval."""
        return f"{self.median:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True, eq=False)
class Quadratic:
    """A quadratic with its maximum in the unit square, observed with noise."""

    optimum: Floats  # (2,)
    curvature: Floats  # (2, 2)
    noise: Noise
    shared: float
    random: np.random.Generator

    @classmethod
    def draw(cls, repetition: int, noise: Noise) -> Self:
        """Draw the quadratic of a repetition; the noise does not change it."""
        random = np.random.default_rng([QUADRATICS, repetition])
        optimum = random.uniform(0.1, 0.9, size=2)
        angle = random.uniform(0, np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shared = noise.shared * random.standard_normal()
        return cls(optimum, turn @ np.diag(EIGENVALUES) @ turn.T, noise, shared, random)

    def observe(self, point: Point) -> float:
        """Return the value at a point with noise."""
        offset = np.array(point) - self.optimum
        noise = self.shared + self.noise.independent * self.random.standard_normal()
        return float(noise - offset @ self.curvature @ offset)


def bayesian(seed: int) -> Course:
    """Return the course of a Bayesian search."""
    search = Bayesian(SQUARE, seed)
    answers: list[Answer] = []
    while True:
        ask = search.next(answers)
        answers.append(Answer(ask, (yield ask)))


STRATEGIES: Mapping[str, Begin] = {
    "random": partial(random_search, SQUARE),
    "bayesian": bayesian,
    "descent": partial(plane_descent, SQUARE),
}


def distances(begin: Begin, noise: Noise, repetition: int, evaluations: int) -> Floats:
    """Return the distance of the best observed point from the optimum after each evaluation.

    Args:
        begin: Begins the strategy.
        noise: Noise of the observations.
        repetition: Seed of the quadratic and of the strategy.
        evaluations: Number of evaluations.

    Returns:
        Distances, in units of the side of the square; shape ``(evaluations,)``.
    """
    quadratic = Quadratic.draw(repetition, noise)
    course = begin(repetition)
    points: list[Point] = []
    values: list[float] = []
    ask = next(course)
    while len(points) < evaluations:
        observed = tuple(map(quadratic.observe, ask.points))
        points += ask.points
        values += observed
        ask = course.send(observed)
    far = np.linalg.norm(np.array(points) - quadratic.optimum, axis=1)
    best = np.maximum.accumulate(values)
    of_best: Floats = far[np.searchsorted(best, best)]
    return of_best[:evaluations]


def measure(name: str, begin: Begin, noise: Noise, at: Sequence[int], seeds: range) -> list[Row]:
    """Return the median distance of a strategy after some numbers of evaluations."""
    all_distances = np.array([distances(begin, noise, seed, at[-1]) for seed in seeds])
    rows = []
    for evaluations in at:
        one = estimate(all_distances[:, evaluations - 1], "median")
        rows.append(Row(noise.name, name, evaluations, one.n, one.value, one.low, one.high))
    return rows


def choices() -> dict[str, Begin]:
    """Return random search, and the descent with its own and with other lengths."""
    changes: dict[str, tuple[float, ...]] = {
        "stencil": (0.1, 0.15, 0.3),
        "smallest": (0.025, 0.1),
        "shrink": (0.7,),
        "step": (1.0, 1.5),
        "growth": (1.0, 1.5),
        "halvings": (2, 4),
    }
    lengths = {"descent": DEFAULT} | {
        f"{key} = {value:g}": replace(DEFAULT, **{key: value})  # type: ignore[arg-type]
        for key, values in changes.items()
        for value in values
    }
    return {"random": STRATEGIES["random"]} | {
        name: partial(plane_descent, SQUARE, lengths=one) for name, one in lengths.items()
    }


def table(rows: Sequence[Row]) -> str:
    """Return a Markdown table with one line per strategy and number of evaluations."""
    noises = list(dict.fromkeys(row.noise for row in rows))
    cells = {(row.strategy, row.evaluations, row.noise): row.cell for row in rows}
    lines = [f"| strategy | evaluations | {' | '.join(noises)} |", "|---" * (2 + len(noises)) + "|"]
    for name, evaluations in dict.fromkeys((row.strategy, row.evaluations) for row in rows):
        found = " | ".join(cells[name, evaluations, noise] for noise in noises)
        lines.append(f"| {name} | {evaluations} | {found} |")
    return "\n".join(lines) + "\n"


def figure(rows: Sequence[Row]) -> Figure:
    """Draw the median distances against the evaluations, one panel per noise."""
    drawing = style.new_figure(10.4, 8.4)
    noises = list(dict.fromkeys(row.noise for row in rows))
    panels = style.panels_of(drawing, len(noises))
    medians = [row.median for row in rows]
    for axes, noise in zip(panels, noises, strict=True):
        style.style(axes)
        style.title(axes, *noise.partition(", ")[::2])
        axes.set_yscale("log")
        axes.set_ylim(0.8 * min(medians), 1.2 * max(medians))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        for index, name in enumerate(dict.fromkeys(row.strategy for row in rows)):
            line = [row for row in rows if (row.noise, row.strategy) == (noise, name)]
            at = [row.evaluations for row in line]
            color, marker = style.COLORS[index], style.MARKERS[index]
            low, high = [row.low for row in line], [row.high for row in line]
            axes.fill_between(at, low, high, color=color, alpha=0.18, linewidth=0)
            values = [row.median for row in line]
            axes.plot(
                at, values, color=color, marker=marker, markevery=4, linewidth=1.8, label=name
            )
        style.name_axes(axes, "evaluations", "distance from the optimum")
    handles, names = panels[0].get_legend_handles_labels()
    drawing.legend(
        handles,
        names,
        loc="outside lower left",
        ncols=len(names),
        frameon=False,
        labelcolor=style.INK,
    )
    return drawing


def main() -> None:
    """Run the comparison, and print its results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.descent",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--repetitions", type=int, default=200, help="quadratics (default: %(default)s)"
    )
    parser.add_argument(
        "--evaluations", type=int, default=60, help="per search (default: %(default)s)"
    )
    parser.add_argument(
        "--choices", action="store_true", help="vary the lengths of the descent instead"
    )
    parser.add_argument("--plot", metavar="FILE", type=Path, help="write the figure to a file")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the table to a file")
    parser.add_argument(
        "--json", metavar="FILE", help="write the rows to a file; - prints only them"
    )
    options = parser.parse_args()
    if options.evaluations < EVERY:
        parser.error(f"--evaluations: expected at least {EVERY}, got {options.evaluations}")
    begins, at = STRATEGIES, range(EVERY, options.evaluations + 1, EVERY)
    seeds = range(options.repetitions)
    if options.choices:
        begins, at = choices(), range(CHOICES_AT, CHOICES_AT + 1)
        seeds = range(OTHER_QUADRATICS, OTHER_QUADRATICS + options.repetitions)
    rows = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for noise in progress.track(NOISES, description="quadratics"):
            for name, begin in begins.items():
                rows += measure(name, begin, noise, at, seeds)
    if options.json:
        written = json.dumps([asdict(row) for row in rows], indent=2) + "\n"
        if options.json == "-":
            print(written, end="")
            return
        Path(options.json).write_text(written)
    if options.plot:
        style.write(figure(rows), options.plot)
    shown = {at[len(at) // 3 - 1], at[2 * len(at) // 3 - 1], at[-1]}
    text = table([row for row in rows if row.evaluations in shown])
    if options.markdown:
        options.markdown.write_text(text)
    print("Median distance of the best observed point from the optimum:\n")
    print(text, end="")


if __name__ == "__main__":
    main()
