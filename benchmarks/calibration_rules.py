"""The rules of the calibration: each judges made-up scores by the functions of the commands."""

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from benchmarks.calibration_scores import Draw, Scores
from benchmarks.calibration_signals import beats, predicts
from results.comparison.answers import closeness
from results.comparison.sides import simultaneous_level
from results.comparison.table import higher, sign
from results.paper.criteria import LEAST_SHAPE, Figure, Test, above, below, cautious, judge
from results.paper.findings import PAPER_STEPS, about
from results.stats.best_of import above_best_of, best_of, steps_to_median
from results.stats.bimodality import two_clusters
from results.stats.correlations import correlation
from results.stats.estimates import LEAST, LEVEL, Estimate, Floats, difference, estimate
from results.stats.factorial import FactorialEffects, factorial_effects
from results.stats.probability_of_improvement import contrast
from results.stats.randomization import difference_of_means, mean_of_differences
from results.stats.spread import standard_deviation
from results.stats.winners_curse import winners_curse

Verdict = Callable[[Draw, int, float], bool | None]
"""Whether a rule finds a difference that is given in standard deviations, between samples of a
given size; None: the rule gives no verdict for so few."""

_BEST = 25
_OTHERS = 4
"""Number of studies that are compared with a reference."""


def _better(draw: Draw, n: int, effect: float) -> bool | None:
    found = contrast(draw(n) + effect, draw(n))
    return None if n < LEAST else higher(found.difference, found.probability) != 0


def _better_of_four(draw: Draw, n: int, effect: float) -> bool | None:
    """Judge four studies against one reference: any verdict is false, without a difference.

    With a difference, only the first study differs, and the verdict on it counts.
    """
    if n < LEAST:
        return None
    reference, others = draw(n), [draw(n) - effect, *draw(_OTHERS - 1, n)]
    judged = others[:1] if effect else others
    found = [contrast(reference, other, level=simultaneous_level(_OTHERS)) for other in judged]
    return any(higher(one.difference, one.probability) != 0 for one in found)


def _mean(draw: Draw, n: int, effect: float) -> bool | None:
    a, b = draw(n) + effect, draw(n)

    def gain(level: float) -> Estimate:
        return difference_of_means(a, b, level=level)

    return _judged(gain, lambda found: above(found, 0.0), LEAST)


def _unequal(draw: Draw, n: int, effect: float) -> bool | None:
    found = difference_of_means(draw(n) + effect, draw(4 * n))
    return None if n < LEAST else sign(found) != 0


def _equal_cost(draw: Draw, n: int, effect: float) -> bool | None:
    """Judge n runs of a method, each as good as the better one of two random architectures."""
    runs, random = draw(n, 2).max(axis=1) + effect, draw(2 * n)
    found = above_best_of(runs, random, 2)
    return None if n < LEAST else sign(found) != 0


def _pairs(draw: Draw, n: int, effect: float) -> bool | None:
    # The difference of two scores has √2 times the standard deviation of one.
    found = mean_of_differences([draw(n) - draw(n) + math.sqrt(2) * effect])
    return None if math.isnan(found.low) else sign(found) != 0


def _factorial(name: str) -> Verdict:
    def verdict(draw: Draw, n: int, effect: float) -> bool | None:
        if n < LEAST:
            return None
        return sign(getattr(_effects(draw, n, effect, name), name)) != 0

    return verdict


def _effects(draw: Draw, n: int, effect: float, name: str) -> FactorialEffects:
    """Return the effects of architectures that are trained twice, with as large a deviation each.

    The effect is in standard deviations of that with which it is compared.
    """
    architectures = draw(2, n, 1)
    pairs = architectures + draw(2, n, 2)
    match name:
        case "architecture_effect":
            pairs[1] += effect * math.sqrt(1.5)
        case "training_effect":
            pairs[:, :, 1] += effect * math.sqrt(2)
        case _:
            pairs[1, :, 1] += effect * math.sqrt(2)
    return _of_pairs(pairs.tobytes(), n)


@cache
def _of_pairs(pairs: bytes, n: int) -> FactorialEffects:
    """Return the effects; without a difference, the rules of all three judge the same scores."""
    one_shot, final = np.frombuffer(pairs).reshape(2, n, 2)
    return factorial_effects(one_shot, final)


def _related(draw: Draw, n: int, r: float) -> tuple[Floats, Floats]:
    x = draw(n)
    return x, r * x + math.sqrt(1 - r**2) * draw(n)


def _agreement(draw: Draw, n: int, effect: float) -> bool | None:
    word = closeness(correlation(*_related(draw, n, 0.7 * effect), "spearman"))
    return None if word == "few" else word not in ("undecided", "hardly")


def _closeness(draw: Draw, n: int, effect: float) -> bool | None:
    """Judge normal scores whose Spearman correlation is exactly the limit, 0.5."""
    r = 2 * math.sin(math.pi / 12) if not effect else 0.9
    normal = Draw("normal", draw.random)
    word = closeness(correlation(*_related(normal, n, r), "spearman"))
    return None if word == "few" else word not in ("undecided", "somewhat")


def _curse(trials: int) -> Verdict:
    def verdict(draw: Draw, n: int, effect: float) -> bool | None:
        observed = float(draw(trials).mean()) + effect
        found = winners_curse(observed, draw(n), trials=trials).verdict
        return None if found == "few" else found == "cursed"

    return verdict


def _judged(figure: Figure, test: Test, least: int = LEAST_SHAPE) -> bool | None:
    passed = judge(figure, test, least)
    return None if figure(LEVEL).n < least else passed is not None


def _one_deviation(draw: Draw, n: int, effect: float) -> bool | None:
    sample = (1 + effect) * draw(n)
    return _judged(
        lambda level: standard_deviation(sample, level=cautious(level)),
        lambda found: above(found, 1.0),
    )


def _two_deviations(draw: Draw, n: int, effect: float) -> bool | None:
    a, b = (1 + effect) * draw(n), draw(n)

    def wider(level: float) -> Estimate:
        return difference(*(standard_deviation(sample, level=cautious(level)) for sample in (a, b)))

    return _judged(wider, lambda found: above(found, 0.0))


def _r(draw: Draw, n: int, effect: float) -> bool | None:
    x, y = _related(draw, n, 0.7 * (1 - effect))
    return _judged(
        lambda level: correlation(x, y, level=cautious(level)), lambda found: below(found, 0.7)
    )


def _two_r(draw: Draw, n: int, effect: float) -> bool | None:
    one, other = _related(draw, n, 0.7 * effect), _related(draw, n, 0.0)

    def closer(level: float) -> Estimate:
        return difference(*(correlation(*each, level=cautious(level)) for each in (one, other)))

    return _judged(closer, lambda found: above(found, 0.0))


def _best(draw: Draw, n: int, effect: float) -> bool | None:
    a, b = draw(n) + effect, draw(n)

    def better(level: float) -> Estimate:
        return difference(*(best_of(each, _BEST, level=cautious(level)).mean for each in (a, b)))

    return _judged(better, lambda found: above(found, 0.0))


def _search(draw: Draw, n: int, effect: float) -> bool | None:
    random, darts = draw(n) - _expected_best(draw.kind), draw(n) - effect

    def gap(level: float) -> Estimate:
        best = best_of(random, 5, level=cautious(level)).mean
        return difference(best, estimate(darts, "mean", level=cautious(level)))

    return _judged(gap, lambda found: above(found, 0.0))


@cache
def _expected_best(kind: Scores) -> float:
    draw = Draw(kind, np.random.default_rng(1))
    return float(draw(400_000, 5).max(axis=1).mean())


def _steps(draw: Draw, n: int, effect: float) -> bool | None:
    """Judge random architectures of which 1 in 49 passes; with an effect, 1 in 5."""
    share = 1 / PAPER_STEPS if not effect else 0.2
    random = draw(n) - _quantile(draw.kind, 1 - share) + _quantile(draw.kind, 0.5)
    reached = draw(n)
    if n < LEAST_SHAPE:
        return None
    return (
        judge(lambda level: steps_to_median(random, reached, level=level), about, LEAST_SHAPE)
        is False
    )


@cache
def _quantile(kind: Scores, share: float) -> float:
    return float(np.quantile(Draw(kind, np.random.default_rng(2))(1_000_000), share))


def _clusters(draw: Draw, n: int, effect: float) -> bool | None:
    if n < 20:
        return None
    if effect:
        return two_clusters(Draw("failing", draw.random)(n)) is not None
    # Failing scores have two clusters. Without them, the runs that did not fail are normal.
    kind = "normal" if draw.kind == "failing" else draw.kind
    return two_clusters(Draw(kind, draw.random)(n)) is not None


RULES: dict[str, tuple[str, Verdict]] = {
    "better": (
        "compare: which incumbent is better (also at equal cost, on the other problem)",
        _better,
    ),
    "better-of-4": (
        f"compare: which of {_OTHERS} incumbents is better or worse than the reference's",
        _better_of_four,
    ),
    "architectures": ("compare: effect of the architectures", _factorial("architecture_effect")),
    "training": ("compare: effect of the training", _factorial("training_effect")),
    "interaction": ("compare: interaction of both", _factorial("interaction")),
    "agreement": ("compare: two scores agree (Spearman, independent scores)", _agreement),
    "closeness": ("compare: closely or weakly (Spearman, normal scores at 0.5)", _closeness),
    "curse": ("compare: the winner's curse, one trial", _curse(1)),
    "curse-of-3": ("compare: the winner's curse, mean of three trials", _curse(3)),
    "mean": ("findings: difference of two means", _mean),
    "unequal": ("compare, findings: difference of two means, n and 4 n runs", _unequal),
    "pairs": ("differences within pairs", _pairs),
    "deviation": ("findings: a standard deviation against a limit", _one_deviation),
    "deviations": ("findings: difference of two standard deviations", _two_deviations),
    "r": ("findings: Pearson's r against 0.7", _r),
    "two-r": ("findings: difference of two r", _two_r),
    "best": (f"findings: difference of two bests of {_BEST}", _best),
    "search": ("findings: best of 5 random architectures against a mean", _search),
    "steps": ("findings: about 49 random architectures", _steps),
    "clusters": ("table: two clusters", _clusters),
    "equal-cost": ("methods: a mean against the best of 2 random architectures", _equal_cost),
    "signal-within": (
        "signals: predicts or misleads, within 4 configurations of n runs",
        partial(predicts, scope="within"),
    ),
    "signal-overall": (
        "signals: predicts or misleads, over n configurations of 4 runs",
        partial(predicts, scope="overall"),
    ),
    "signal-baseline": (
        "signals: better or worse than the baseline, within 4 configurations of n runs",
        partial(beats, rule="baseline"),
    ),
    "signal-best": (
        "signals: not the best, within 4 configurations of n runs",
        partial(beats, rule="best"),
    ),
}
"""What each rule is about, and the rule."""
SAME_SCORES = {
    **dict.fromkeys(("architectures", "training", "interaction"), "exchange"),
    **dict.fromkeys(("signal-baseline", "signal-best"), "counts"),
}
"""Rules that judge the same scores, with the name of these scores."""
