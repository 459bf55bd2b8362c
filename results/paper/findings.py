"""The paper's findings and their rules, tested on the runs of dartboard.

A rule has criteria. A figure and its interval meet a criterion, miss it, or leave it undecided, for
example if runs are missing. The difference of two samples has an interval that includes the
uncertainty of both.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal, get_args

import pandas as pd

from results.paper import labels
from results.paper.criteria import (
    LEAST_SHAPE,
    Figure,
    Finding,
    Question,
    RunsBySetting,
    Test,
    above,
    below,
    cautious,
    judged,
)
from results.paper.published import Number, Setting, published
from results.paper.rows import RANDOM_SEARCH_TRIES
from results.stats.best_of import steps_to_median
from results.stats.estimates import LEAST, LEVEL, Estimate, difference

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
ABOUT: Final = 2.0
"""Factor within which a number is "about" another."""

VERDICT_RULE: Final = (
    "A finding holds if its runs meet all criteria of its rule. It does not hold if they "
    "clearly miss one. Otherwise it is undecided. The 95% interval of the figure decides whether a "
    "criterion is met. As one that is missed is enough to refute a finding, it is missed only if "
    "an interval says so whose error, 5%, is divided by the number of criteria. The difference of "
    "two means is decided by a permutation test, and its interval contains the differences that "
    f"the test does not reject; it needs {LEAST} runs of each setting. A standard deviation "
    "(Bonett's interval), a correlation and a best of several (bootstraps) need "
    f"{LEAST_SHAPE} runs, and their intervals are computed at a nominal {cautious(LEVEL):.0%}, "
    "because at 95% they are too short for skewed scores. Of a correlation over several settings, "
    "each must have its share of these runs. Each finding is judged for itself, without a "
    "correction for their number: if every rule were exactly at its limit, one verdict in 20 would "
    "be false."
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
    return Finding(letter, one.claim, one.text, judged(list(one.questions(runs))))


def rules_markdown() -> str:
    """Return the rules as Markdown: the rule of the verdict, then one section per finding."""
    sections = (f"## ({letter}) {rule.claim}\n\n{rule.text}\n" for letter, rule in _RULES.items())
    return "\n".join([f"{VERDICT_RULE}\n", *sections])


def _darts(problem: str, operations: str, hyperparameters: str = "H1") -> Setting:
    return Setting("sequential", operations, problem, "darts", hyperparameters)


def _where(setting: Setting) -> str:
    return f"{labels.problem(setting.problem)}, {labels.operation_set(setting.operations)}"


def _in_paper(a: Setting, b: Setting, statistic: Literal["mean", "max"] = "mean") -> float | None:
    """Return the difference of two settings in the paper's tables; None if one is missing."""
    tables = {key: row for each in get_args(Number) for key, row in published(each).items()}
    if a not in tables or b not in tables:
        return None
    return float(getattr(tables[a], statistic) - getattr(tables[b], statistic))


def _above(threshold: float) -> Test:
    return lambda found: above(found, threshold)


def _below(threshold: float) -> Test:
    return lambda found: below(found, threshold)


def _apart(found: Estimate) -> bool | None:
    """Return True if a difference is on one side of 0; equality cannot be shown."""
    return True if found.low > 0 or found.high < 0 else None


def about(found: Estimate) -> bool | None:
    """Return whether the interval of a number of architectures is close to the paper's."""
    least, most = PAPER_STEPS / ABOUT, PAPER_STEPS * ABOUT
    if found.low >= least and found.high <= most:
        return True
    return False if found.low > most or found.high < least else None


def _gain(runs: RunsBySetting, setting: Setting, over: Setting) -> Figure:
    return lambda level: runs.gain(setting, over, level)


def _wider(runs: RunsBySetting, setting: Setting, than: Setting) -> Figure:
    return lambda level: difference(runs.sd(setting, level), runs.sd(than, level))


def _better_best(runs: RunsBySetting, setting: Setting, than: Setting) -> Figure:
    return lambda level: difference(
        runs.best(setting, BEST_OF, level), runs.best(than, BEST_OF, level)
    )


def _closer(runs: RunsBySetting, settings: list[Setting], than: list[Setting]) -> Figure:
    return lambda level: difference(runs.r(settings, level), runs.r(than, level))


def _random_search(
    runs: RunsBySetting, operations: str, sign: int, threshold: float
) -> Iterable[Question]:
    """Compare the best of 5 random architectures with one run of DARTS.

    The difference is random search minus DARTS if ``sign`` is 1, DARTS minus random search if −1.
    """
    for problem in _PROBLEMS:
        darts = _darts(problem, operations)

        def gap(level: float, darts: Setting = darts) -> Estimate:
            search = runs.best(replace(darts, method="random"), RANDOM_SEARCH_TRIES, level)
            mean = runs.mean(darts, level)
            return difference(search, mean) if sign > 0 else difference(mean, search)

        what = "Random Search − DARTS" if sign > 0 else "DARTS − Random Search"
        in_paper = _in_paper(replace(darts, method="random-search"), darts)
        yield Question(
            f"{_where(darts)}: {what}, means",
            gap,
            _above(threshold),
            LEAST_SHAPE,
            paper=None if in_paper is None else sign * in_paper,
        )


def _as_good(runs: RunsBySetting) -> Iterable[Question]:
    return _random_search(runs, "good", 1, -MARGIN)


def _beats_random(runs: RunsBySetting) -> Iterable[Question]:
    return _random_search(runs, "all", -1, 0.0)


def _costs(runs: RunsBySetting) -> Iterable[Question]:
    for problem, least in (("blur", SEVERAL), ("downsampling", 0.0)):
        good, every = _darts(problem, "good"), _darts(problem, "all")
        yield Question(
            f"{labels.problem(problem)}: DARTS with good − with all operations, means",
            _gain(runs, good, every),
            _above(least),
            paper=_in_paper(good, every),
        )


def _varies(runs: RunsBySetting) -> Iterable[Question]:
    for space in labels.SPACES:
        for problem in _PROBLEMS:
            for operations in _SETS:
                setting = replace(_darts(problem, operations), space=space)
                yield Question(
                    f"{_where(setting)}, {space}: standard deviation of DARTS",
                    partial(runs.sd, setting),
                    _above(SPREAD),
                    LEAST_SHAPE,
                )


def _correlates(runs: RunsBySetting) -> Iterable[Question]:
    both = [[_darts(problem, each) for each in _SETS] for problem in _PROBLEMS]
    for problem, settings in zip(_PROBLEMS, both, strict=True):
        yield Question(
            f"{labels.problem(problem)}: Pearson's r",
            partial(runs.r, settings),
            _below(WEAK),
            LEAST_SHAPE,
            unit="",
        )
    differ = _closer(runs, both[1], both[0])
    yield Question("Downsampling − Blur: difference of r", differ, _apart, LEAST_SHAPE, unit="")


def _one_shot_tuned(runs: RunsBySetting) -> Iterable[Question]:
    names = {"blur": "BOHB-one-shot-Blur", "downsampling": "BOHB-one-shot-DS"}
    for problem, name in names.items():
        tuned = [_darts(problem, each, name) for each in _SETS]
        by_default = [_darts(problem, each) for each in _SETS]
        yield Question(
            f"{labels.problem(problem)}: r with {name} − with H1",
            _closer(runs, tuned, by_default),
            _above(0.0),
            LEAST_SHAPE,
            unit="",
        )
        for one, h1 in zip(tuned, by_default, strict=True):
            yield Question(
                f"{_where(one)}: mean with {name} − with H1",
                _gain(runs, one, h1),
                _below(MARGIN),
                paper=_in_paper(one, h1),
            )


def _final_tuned(runs: RunsBySetting) -> Iterable[Question]:
    for operations in _SETS:
        tuned, h1 = _darts("blur", operations, "BOHB-Blur"), _darts("blur", operations)
        yield Question(
            f"{_where(tuned)}: best of {BEST_OF} with BOHB-Blur − with H1",
            _better_best(runs, tuned, h1),
            _above(0.0),
            LEAST_SHAPE,
            # The paper gives only the best of its 75 runs.
            paper=_in_paper(tuned, h1, "max"),
        )


def _transfer(runs: RunsBySetting) -> Iterable[Question]:
    names = ("BOHB-one-shot-Blur", "BOHB-one-shot-DS")
    for problem, (tuned, foreign) in zip(_PROBLEMS, (names, names[::-1]), strict=True):
        here, there = _darts(problem, "all", tuned), _darts(problem, "all", foreign)
        yield Question(
            f"{_where(here)}: mean with {tuned} − with {foreign}",
            _gain(runs, here, there),
            _above(0.0),
            paper=_in_paper(here, there),
        )


def _single(runs: RunsBySetting) -> Iterable[Question]:
    darts = _darts("blur", "all", "BOHB-one-shot-Blur")
    single = replace(darts, method="darts-single", hyperparameters="BOHB-DAS-single")
    yield Question(
        f"{_where(darts)}: standard deviation of DARTS − of DARTS-single",
        _wider(runs, darts, single),
        _above(0.0),
        LEAST_SHAPE,
    )
    yield Question(
        f"{_where(darts)}: best of {BEST_OF} of DARTS − of DARTS-single",
        _better_best(runs, darts, single),
        _above(0.0),
        LEAST_SHAPE,
    )


def _cell_space(runs: RunsBySetting) -> Iterable[Question]:
    for problem in _PROBLEMS:
        for operations in _SETS:
            sequential = _darts(problem, operations)
            cell = replace(sequential, space="cell")
            yield Question(
                f"{_where(cell)}: sequential − cell, means of DARTS",
                _gain(runs, sequential, cell),
                _above(0.0),
                paper=_in_paper(sequential, cell),
            )
            yield Question(
                f"{_where(cell)}: standard deviation, cell − sequential",
                _wider(runs, cell, sequential),
                _above(-MARGIN),
                LEAST_SHAPE,
            )


def _steps(runs: RunsBySetting) -> Iterable[Question]:
    darts = _darts("blur", "all")
    random, reached = runs.psnrs(replace(darts, method="random")), runs.psnrs(darts)
    yield Question(
        f"{_where(darts)}: 1 / share of random architectures that pass the median of DARTS",
        lambda level: steps_to_median(random, reached, level=level),
        about,
        LEAST_SHAPE,
        unit="",
        paper=float(PAPER_STEPS),
    )


@dataclass(frozen=True, slots=True)
class _Rule:
    """A claim of the paper, and the rule that tests it."""

    claim: str
    text: str
    questions: Callable[[RunsBySetting], Iterable[Question]]


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
        f"On blur with all operations, 1 / share of random architectures that pass the median of "
        f"DARTS is within a factor of {ABOUT:g} of {PAPER_STEPS}, with its whole interval, which "
        "includes the uncertainty of the median.",
        _steps,
    ),
}
