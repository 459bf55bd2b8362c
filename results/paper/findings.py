"""The paper's findings, each put to our runs by a stated rule.

A finding has parts, each a question to which a figure and its 95% interval answer yes, no or not
surely. It holds if all its parts do, it does not if one of them surely fails, and it is undecided
otherwise, as where runs are missing. Figures of separate samples are subtracted with an interval
from both of theirs.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from results.paper import labels
from results.paper.finding import LEAST, Finding, Part, Runs, above, below
from results.paper.published import Number, Setting, published
from results.paper.rows import RANDOM_SEARCH_TRIES
from results.stats.best_of import steps_to_target
from results.stats.estimates import Estimate, difference
from results.text import interval_text, number_text

MARGIN: Final = 0.25
"""In dB: what is lower by less counts as being as good."""
WEAK: Final = 0.7
"""Below it a correlation is called weak: one score explains less than half of the other."""
SPREAD: Final = 0.5
"""In dB: a standard deviation above it is called large, since the paper's methods differ by as
much where operations are good."""
SEVERAL: Final = 1.0
"""In dB: what harmful operations cost at least on blur, to be called several."""
BEST_OF: Final = 25
"""The best architecture is judged by the expected best of so many runs: that of all of them hangs
on a single one, and its interval says little."""
PAPER_STEPS: Final = 49

_PROBLEMS = ("blur", "downsampling")
_SETS = ("good", "all")


def findings(trials: pd.DataFrame, *, seed: int = 0) -> list[Finding]:
    """Put the paper's findings to the runs of its tables.

    Args:
        trials: Of all its campaigns that there are, a row a trial.
        seed: Of all bootstraps.
    """
    runs = Runs(trials, seed=seed)
    return [finding(letter, runs) for letter in _QUESTIONS]


def finding(letter: str, runs: Runs) -> Finding:
    """Put one of the paper's findings, ``a`` to ``k``, to some runs."""
    claim, rule, ask = _QUESTIONS[letter]
    return Finding(letter, claim, rule, tuple(ask(runs)))


def _darts(problem: str, operations: str, hyperparameters: str = "H1") -> Setting:
    return Setting("sequential", operations, problem, "darts", hyperparameters)


def _where(setting: Setting) -> str:
    return f"{labels.problem(setting.problem)}, {labels.operation_set(setting.operations)}"


def _said(where: str, what: str, found: Estimate, unit: str = " dB") -> str:
    if math.isnan(found.value):
        return f"{where}: {what}: not enough runs (n = {found.n})"
    return f"{where}: {what}: {interval_text(found)}{unit} (n = {found.n})"


def _theirs(a: Setting, b: Setting, statistic: Literal["mean", "max"] = "mean") -> float | None:
    """Return the difference of two settings by the paper's tables; None if one is not there."""
    tables = {key: row for each in get_args(Number) for key, row in published(each).items()}
    if a not in tables or b not in tables:
        return None
    return float(getattr(tables[a], statistic) - getattr(tables[b], statistic))


def _random_search(runs: Runs, operations: str, sign: int, threshold: float) -> Iterable[Part]:
    """Compare the best of 5 random architectures with one run of DARTS; sign 1: the former's."""
    for problem in _PROBLEMS:
        darts = _darts(problem, operations)
        search = runs.best(replace(darts, method="random"), RANDOM_SEARCH_TRIES)
        both = (search, runs.mean(darts)) if sign > 0 else (runs.mean(darts), search)
        gap = difference(*both)
        what = "Random Search − DARTS" if sign > 0 else "DARTS − Random Search"
        theirs = _theirs(replace(darts, method="random-search"), darts)
        theirs = None if theirs is None else sign * theirs
        said = _said(_where(darts), f"{what}, means", gap)
        yield Part(said, above(gap, threshold), theirs)


def _as_good(runs: Runs) -> Iterable[Part]:
    return _random_search(runs, "good", 1, -MARGIN)


def _beats_random(runs: Runs) -> Iterable[Part]:
    return _random_search(runs, "all", -1, 0.0)


def _costs(runs: Runs) -> Iterable[Part]:
    for problem, least in (("blur", SEVERAL), ("downsampling", 0.0)):
        good, every = _darts(problem, "good"), _darts(problem, "all")
        gap = difference(runs.mean(good), runs.mean(every))
        said = _said(labels.problem(problem), "DARTS with good − with all operations, means", gap)
        yield Part(said, above(gap, least), _theirs(good, every))


def _varies(runs: Runs) -> Iterable[Part]:
    for space in labels.SPACES:
        for problem in _PROBLEMS:
            for operations in _SETS:
                setting = replace(_darts(problem, operations), space=space)
                sd = runs.sd(setting)
                said = _said(f"{_where(setting)}, {space}", "standard deviation of DARTS", sd)
                yield Part(said, above(sd, SPREAD))


def _correlates(runs: Runs) -> Iterable[Part]:
    both = [runs.r([_darts(problem, each) for each in _SETS]) for problem in _PROBLEMS]
    for problem, r in zip(_PROBLEMS, both, strict=True):
        yield Part(_said(labels.problem(problem), "Pearson's r", r, ""), below(r, WEAK))
    gap = difference(both[1], both[0])
    differ = None if math.isnan(gap.low) else True if gap.low > 0 or gap.high < 0 else None
    yield Part(_said("Downsampling − Blur", "difference of r", gap, ""), differ)


def _one_shot_tuned(runs: Runs) -> Iterable[Part]:
    tuned = {"blur": "BOHB-one-shot-Blur", "downsampling": "BOHB-one-shot-DS"}
    for problem, name in tuned.items():
        r = difference(
            runs.r([_darts(problem, each, name) for each in _SETS]),
            runs.r([_darts(problem, each) for each in _SETS]),
        )
        where = labels.problem(problem)
        yield Part(_said(where, f"r with {name} − with H1", r, ""), above(r, 0.0))
        for operations in _SETS:
            own, h1 = _darts(problem, operations, name), _darts(problem, operations)
            gap = difference(runs.mean(own), runs.mean(h1))
            said = _said(_where(own), f"mean with {name} − with H1", gap)
            yield Part(said, below(gap, MARGIN), _theirs(own, h1))


def _final_tuned(runs: Runs) -> Iterable[Part]:
    for operations in _SETS:
        own, h1 = _darts("blur", operations, "BOHB-Blur"), _darts("blur", operations)
        gap = difference(runs.best(own, BEST_OF), runs.best(h1, BEST_OF))
        what = f"best of {BEST_OF} with BOHB-Blur − with H1"
        # The paper gives the best of its 75 runs alone.
        yield Part(_said(_where(own), what, gap), above(gap, 0.0), _theirs(own, h1, "max"))


def _transfer(runs: Runs) -> Iterable[Part]:
    names = ("BOHB-one-shot-Blur", "BOHB-one-shot-DS")
    for problem, (own, foreign) in zip(_PROBLEMS, (names, names[::-1]), strict=True):
        here, there = _darts(problem, "all", own), _darts(problem, "all", foreign)
        gap = difference(runs.mean(here), runs.mean(there))
        said = _said(_where(here), f"mean with {own} − with {foreign}", gap)
        yield Part(said, above(gap, 0.0), _theirs(here, there))


def _single(runs: Runs) -> Iterable[Part]:
    darts = _darts("blur", "all", "BOHB-one-shot-Blur")
    single = replace(darts, method="darts-single", hyperparameters="BOHB-DAS-single")
    spread = difference(runs.sd(darts), runs.sd(single))
    said = _said(_where(darts), "standard deviation of DARTS − of DARTS-single", spread)
    yield Part(said, above(spread, 0.0))
    gap = difference(runs.best(darts, BEST_OF), runs.best(single, BEST_OF))
    said = _said(_where(darts), f"best of {BEST_OF} of DARTS − of DARTS-single", gap)
    yield Part(said, above(gap, 0.0))


def _cell_space(runs: Runs) -> Iterable[Part]:
    for problem in _PROBLEMS:
        for operations in _SETS:
            sequential = _darts(problem, operations)
            cell = replace(sequential, space="cell")
            gap = difference(runs.mean(sequential), runs.mean(cell))
            said = _said(_where(cell), "sequential − cell, means of DARTS", gap)
            yield Part(said, above(gap, 0.0), _theirs(sequential, cell))
            spread = difference(runs.sd(cell), runs.sd(sequential))
            said = _said(_where(cell), "standard deviation, cell − sequential", spread)
            yield Part(said, above(spread, -MARGIN))


def _steps(runs: Runs) -> Iterable[Part]:
    darts = _darts("blur", "all")
    reached, random = runs.psnrs(darts), runs.psnrs(replace(darts, method="random"))
    if not len(reached) or not len(random):
        yield Part(f"{_where(darts)}: not enough runs", None)
        return
    median = float(np.median(reached))
    steps = steps_to_target(random, median)
    within = steps.expected.low <= PAPER_STEPS <= steps.expected.high
    enough = min(len(reached), len(random)) >= LEAST
    simulated = interval_text(steps.mean, 1) if steps.mean.value > 0 else "none passed"
    yield Part(
        f"{_where(darts)}: to pass {number_text(median)} dB (n = {len(reached)}): one by the share "
        f"that passes {interval_text(steps.expected, 1)} (n = {steps.expected.n}); mean of "
        f"{steps.mean.n} simulated searches {simulated}",
        within if enough else None,
        float(PAPER_STEPS),
    )


_QUESTIONS: Final[dict[str, tuple[str, str, Callable[[Runs], Iterable[Part]]]]] = {
    "a": (
        "With good operations only, random search is as good as DARTS or better.",
        f"On both problems the best of {RANDOM_SEARCH_TRIES} random architectures is, in the mean, "
        f"at most {MARGIN} dB below one run of DARTS.",
        _as_good,
    ),
    "b": (
        "With harmful operations, DARTS beats random search clearly.",
        f"On both problems one run of DARTS is, in the mean, above the best of "
        f"{RANDOM_SEARCH_TRIES} random architectures.",
        _beats_random,
    ),
    "c": (
        "Harmful operations cost DARTS several dB.",
        f"With all operations the mean is lower by more than {SEVERAL:g} dB on blur, and lower on "
        "downsampling.",
        _costs,
    ),
    "d": (
        "The variance is large in all cases.",
        f"In both spaces, on both problems and with both sets of operations, the standard "
        f"deviation of DARTS with H1 is above {SPREAD} dB.",
        _varies,
    ),
    "e": (
        "One-shot and architecture PSNR correlate weakly, and problem-dependently.",
        f"With H1, over the runs with both sets of operations, Pearson's r is below {WEAK} on "
        "both problems, and differs between them.",
        _correlates,
    ),
    "f": (
        "BOHB on the one-shot score raises the correlation, but not the architectures.",
        "With the hyperparameters tuned for the one-shot score of a problem, r is higher than "
        f"with H1 there, and no mean is more than {MARGIN} dB higher.",
        _one_shot_tuned,
    ),
    "g": (
        "BOHB on the final score raises the best architecture.",
        f"On blur, with both sets of operations, the expected best of {BEST_OF} runs is higher "
        "with BOHB-Blur than with H1. (The paper's figure is of the best of 75.)",
        _final_tuned,
    ),
    "h": (
        "Hyperparameters do not transfer between problems.",
        "On both problems, with all operations, the mean is higher with the hyperparameters tuned "
        "for its own one-shot score than with those tuned for the other's. (By the paper's own "
        "Table 3 it is not on downsampling, which Sec. 5.3 remarks on.)",
        _transfer,
    ),
    "i": (
        "DARTS-single is more robust, and its best is lower.",
        "On blur with all operations, each with its own tuned hyperparameters, the standard "
        f"deviation of DARTS is larger, and so is its expected best of {BEST_OF} runs.",
        _single,
    ),
    "j": (
        "The cell space is worse, and no more stable.",
        "With H1, on both problems and with both sets of operations, the mean of DARTS is lower in "
        f"the cell space, and its standard deviation there is not lower by more than {MARGIN} dB.",
        _cell_space,
    ),
    "k": (
        f"It takes about {PAPER_STEPS} random architectures to pass the median of DARTS.",
        f"On blur with all operations, {PAPER_STEPS} is within the interval of one by the share of "
        "random architectures that pass it.",
        _steps,
    ),
}
