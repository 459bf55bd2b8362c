"""The paper's findings and their rules, tested on the runs of dartboard.

A rule has criteria. A figure and its 95% interval meet a criterion, miss it, or leave it undecided,
for example if runs are missing. The difference of two samples has an interval that includes the
uncertainty of both.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from results.paper import labels
from results.paper.criteria import LEAST, Criterion, Finding, RunsBySetting, above, below
from results.paper.published import Number, Setting, published
from results.paper.rows import RANDOM_SEARCH_TRIES
from results.stats.best_of import steps_to_target
from results.stats.estimates import Estimate, difference
from results.text import interval_text, number_text

MARGIN: Final = 0.25
"""Tolerance in dB: a PSNR that is lower by less counts as equally good."""
WEAK: Final = 0.7
"""Correlation below which two scores correlate weakly: one explains less than half of the variance
of the other."""
SPREAD: Final = 0.5
"""Standard deviation in dB above which the variance is large: with good operations, the paper's
methods differ by about this amount."""
SEVERAL: Final = 1.0
"""Minimum cost of harmful operations on blur, in dB, for the word "several"."""
BEST_OF: Final = 25
"""Number of runs whose expected best represents the best architecture. The best of all runs depends
on a single one, so its interval says little."""
PAPER_STEPS: Final = 49
"""Number of random architectures that the paper needed to pass the median of DARTS."""

VERDICT_RULE: Final = (
    "A finding holds if its runs meet all criteria of its rule. It does not hold if they "
    "clearly miss one. Otherwise it is undecided."
)
"""Rule of the verdict on every finding."""

_PROBLEMS = ("blur", "downsampling")
_SETS = ("good", "all")


def findings(trials: pd.DataFrame, *, seed: int = 0) -> list[Finding]:
    """Test the paper's findings on the runs of its tables.

    Args:
        trials: Trials of the paper's campaigns, one row per trial.
        seed: Seed of all bootstraps.
    """
    runs = RunsBySetting(trials, seed=seed)
    return [finding(letter, runs) for letter in _RULES]


def finding(letter: str, runs: RunsBySetting) -> Finding:
    """Test one of the paper's findings, ``a`` to ``k``, on the given runs."""
    one = _RULES[letter]
    return Finding(letter, one.claim, one.text, tuple(one.criteria(runs)))


def rules_markdown() -> str:
    """Return the rules as Markdown: the rule of the verdict, then one section per finding."""
    sections = (f"## ({letter}) {rule.claim}\n\n{rule.text}\n" for letter, rule in _RULES.items())
    return "\n".join([f"{VERDICT_RULE}\n", *sections])


def _darts(problem: str, operations: str, hyperparameters: str = "H1") -> Setting:
    return Setting("sequential", operations, problem, "darts", hyperparameters)


def _where(setting: Setting) -> str:
    return f"{labels.problem(setting.problem)}, {labels.operation_set(setting.operations)}"


def _text(where: str, what: str, found: Estimate, unit: str = " dB") -> str:
    if math.isnan(found.value):
        return f"{where}: {what}: not enough runs (n = {found.n})"
    return f"{where}: {what}: {interval_text(found)}{unit} (n = {found.n})"


def _in_paper(a: Setting, b: Setting, statistic: Literal["mean", "max"] = "mean") -> float | None:
    """Return the difference of two settings in the paper's tables; None if one is missing."""
    tables = {key: row for each in get_args(Number) for key, row in published(each).items()}
    if a not in tables or b not in tables:
        return None
    return float(getattr(tables[a], statistic) - getattr(tables[b], statistic))


def _random_search(
    runs: RunsBySetting, operations: str, sign: int, threshold: float
) -> Iterable[Criterion]:
    """Compare the best of 5 random architectures with one run of DARTS.

    The difference is random search minus DARTS if ``sign`` is 1, DARTS minus random search if −1.
    """
    for problem in _PROBLEMS:
        darts = _darts(problem, operations)
        search = runs.best(replace(darts, method="random"), RANDOM_SEARCH_TRIES)
        both = (search, runs.mean(darts)) if sign > 0 else (runs.mean(darts), search)
        gap = difference(*both)
        what = "Random Search − DARTS" if sign > 0 else "DARTS − Random Search"
        in_paper = _in_paper(replace(darts, method="random-search"), darts)
        in_paper = None if in_paper is None else sign * in_paper
        text = _text(_where(darts), f"{what}, means", gap)
        yield Criterion(text, above(gap, threshold), in_paper)


def _as_good(runs: RunsBySetting) -> Iterable[Criterion]:
    return _random_search(runs, "good", 1, -MARGIN)


def _beats_random(runs: RunsBySetting) -> Iterable[Criterion]:
    return _random_search(runs, "all", -1, 0.0)


def _costs(runs: RunsBySetting) -> Iterable[Criterion]:
    for problem, least in (("blur", SEVERAL), ("downsampling", 0.0)):
        good, every = _darts(problem, "good"), _darts(problem, "all")
        gap = difference(runs.mean(good), runs.mean(every))
        text = _text(labels.problem(problem), "DARTS with good − with all operations, means", gap)
        yield Criterion(text, above(gap, least), _in_paper(good, every))


def _varies(runs: RunsBySetting) -> Iterable[Criterion]:
    for space in labels.SPACES:
        for problem in _PROBLEMS:
            for operations in _SETS:
                setting = replace(_darts(problem, operations), space=space)
                sd = runs.sd(setting)
                text = _text(f"{_where(setting)}, {space}", "standard deviation of DARTS", sd)
                yield Criterion(text, above(sd, SPREAD))


def _correlates(runs: RunsBySetting) -> Iterable[Criterion]:
    both = [runs.r([_darts(problem, each) for each in _SETS]) for problem in _PROBLEMS]
    for problem, r in zip(_PROBLEMS, both, strict=True):
        yield Criterion(_text(labels.problem(problem), "Pearson's r", r, ""), below(r, WEAK))
    gap = difference(both[1], both[0])
    differ = None if math.isnan(gap.low) else True if gap.low > 0 or gap.high < 0 else None
    yield Criterion(_text("Downsampling − Blur", "difference of r", gap, ""), differ)


def _one_shot_tuned(runs: RunsBySetting) -> Iterable[Criterion]:
    names = {"blur": "BOHB-one-shot-Blur", "downsampling": "BOHB-one-shot-DS"}
    for problem, name in names.items():
        r = difference(
            runs.r([_darts(problem, each, name) for each in _SETS]),
            runs.r([_darts(problem, each) for each in _SETS]),
        )
        where = labels.problem(problem)
        yield Criterion(_text(where, f"r with {name} − with H1", r, ""), above(r, 0.0))
        for operations in _SETS:
            tuned, h1 = _darts(problem, operations, name), _darts(problem, operations)
            gap = difference(runs.mean(tuned), runs.mean(h1))
            text = _text(_where(tuned), f"mean with {name} − with H1", gap)
            yield Criterion(text, below(gap, MARGIN), _in_paper(tuned, h1))


def _final_tuned(runs: RunsBySetting) -> Iterable[Criterion]:
    for operations in _SETS:
        tuned, h1 = _darts("blur", operations, "BOHB-Blur"), _darts("blur", operations)
        gap = difference(runs.best(tuned, BEST_OF), runs.best(h1, BEST_OF))
        what = f"best of {BEST_OF} with BOHB-Blur − with H1"
        # The paper gives only the best of its 75 runs.
        yield Criterion(
            _text(_where(tuned), what, gap), above(gap, 0.0), _in_paper(tuned, h1, "max")
        )


def _transfer(runs: RunsBySetting) -> Iterable[Criterion]:
    names = ("BOHB-one-shot-Blur", "BOHB-one-shot-DS")
    for problem, (tuned, foreign) in zip(_PROBLEMS, (names, names[::-1]), strict=True):
        here, there = _darts(problem, "all", tuned), _darts(problem, "all", foreign)
        gap = difference(runs.mean(here), runs.mean(there))
        text = _text(_where(here), f"mean with {tuned} − with {foreign}", gap)
        yield Criterion(text, above(gap, 0.0), _in_paper(here, there))


def _single(runs: RunsBySetting) -> Iterable[Criterion]:
    darts = _darts("blur", "all", "BOHB-one-shot-Blur")
    single = replace(darts, method="darts-single", hyperparameters="BOHB-DAS-single")
    spread = difference(runs.sd(darts), runs.sd(single))
    text = _text(_where(darts), "standard deviation of DARTS − of DARTS-single", spread)
    yield Criterion(text, above(spread, 0.0))
    gap = difference(runs.best(darts, BEST_OF), runs.best(single, BEST_OF))
    text = _text(_where(darts), f"best of {BEST_OF} of DARTS − of DARTS-single", gap)
    yield Criterion(text, above(gap, 0.0))


def _cell_space(runs: RunsBySetting) -> Iterable[Criterion]:
    for problem in _PROBLEMS:
        for operations in _SETS:
            sequential = _darts(problem, operations)
            cell = replace(sequential, space="cell")
            gap = difference(runs.mean(sequential), runs.mean(cell))
            text = _text(_where(cell), "sequential − cell, means of DARTS", gap)
            yield Criterion(text, above(gap, 0.0), _in_paper(sequential, cell))
            spread = difference(runs.sd(cell), runs.sd(sequential))
            text = _text(_where(cell), "standard deviation, cell − sequential", spread)
            yield Criterion(text, above(spread, -MARGIN))


def _steps(runs: RunsBySetting) -> Iterable[Criterion]:
    darts = _darts("blur", "all")
    reached, random = runs.psnrs(darts), runs.psnrs(replace(darts, method="random"))
    if not len(reached) or not len(random):
        yield Criterion(f"{_where(darts)}: not enough runs", None)
        return
    median = float(np.median(reached))
    steps = steps_to_target(random, median)
    within = steps.expected.low <= PAPER_STEPS <= steps.expected.high
    enough = min(len(reached), len(random)) >= LEAST
    simulated = interval_text(steps.mean, 1) if steps.mean.value > 0 else "none passed"
    yield Criterion(
        f"{_where(darts)}: to pass {number_text(median)} dB (n = {len(reached)}): 1 / share that "
        f"passes: {interval_text(steps.expected, 1)} (n = {steps.expected.n}); mean of "
        f"{steps.mean.n} simulated searches: {simulated}",
        within if enough else None,
        float(PAPER_STEPS),
    )


@dataclass(frozen=True, slots=True)
class _Rule:
    """A claim of the paper, and the rule that tests it."""

    claim: str
    text: str
    criteria: Callable[[RunsBySetting], Iterable[Criterion]]


_RULES: Final[dict[str, _Rule]] = {
    "a": _Rule(
        "With good operations only, random search is as good as DARTS or better.",
        f"On both problems, the best of {RANDOM_SEARCH_TRIES} random architectures is, on average, "
        f"at most {MARGIN} dB below one run of DARTS.",
        _as_good,
    ),
    "b": _Rule(
        "With harmful operations, DARTS beats random search clearly.",
        f"On both problems, one run of DARTS is, on average, above the best of "
        f"{RANDOM_SEARCH_TRIES} random architectures.",
        _beats_random,
    ),
    "c": _Rule(
        "Harmful operations cost DARTS several dB.",
        f"With all operations the mean is lower by more than {SEVERAL:g} dB on blur, and lower on "
        "downsampling.",
        _costs,
    ),
    "d": _Rule(
        "The variance is large in all cases.",
        f"In both spaces, on both problems and with both sets of operations, the standard "
        f"deviation of DARTS with H1 is above {SPREAD} dB.",
        _varies,
    ),
    "e": _Rule(
        "One-shot and architecture PSNR correlate weakly, and problem-dependently.",
        f"With H1, over the runs with both sets of operations, Pearson's r is below {WEAK} on "
        "both problems, and differs between them.",
        _correlates,
    ),
    "f": _Rule(
        "BOHB on the one-shot score raises the correlation, but not the architectures.",
        "With the hyperparameters tuned for the one-shot score of a problem, r is higher than "
        f"with H1 there, and no mean is more than {MARGIN} dB higher.",
        _one_shot_tuned,
    ),
    "g": _Rule(
        "BOHB on the final score raises the best architecture.",
        f"On blur, with both sets of operations, the expected best of {BEST_OF} runs is higher "
        "with BOHB-Blur than with H1. (The paper's figure is of the best of 75.)",
        _final_tuned,
    ),
    "h": _Rule(
        "Hyperparameters do not transfer between problems.",
        "On both problems, with all operations, the mean is higher with the hyperparameters tuned "
        "for its one-shot score than with those tuned for the other problem's. (In the paper's "
        "Table 3 it is not higher on downsampling, as Sec. 5.3 remarks.)",
        _transfer,
    ),
    "i": _Rule(
        "DARTS-single is more robust, and its best is lower.",
        "On blur with all operations, with hyperparameters tuned for each method, the standard "
        f"deviation of DARTS is larger, and so is its expected best of {BEST_OF} runs.",
        _single,
    ),
    "j": _Rule(
        "The cell space is worse, and no more stable.",
        "With H1, on both problems and with both sets of operations, the mean of DARTS is lower in "
        f"the cell space, and its standard deviation there is not lower by more than {MARGIN} dB.",
        _cell_space,
    ),
    "k": _Rule(
        f"It takes about {PAPER_STEPS} random architectures to pass the median of DARTS.",
        f"On blur with all operations, {PAPER_STEPS} is within the 95% interval of 1 / share of "
        "random architectures that pass the median of DARTS.",
        _steps,
    ),
}
