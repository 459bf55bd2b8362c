"""The rules of `dartboard signals` for the calibration, on made-up runs of several configurations.

Scores and signals differ between configurations much more than within one. The baseline is a count
with many ties, as the number of harmful operations is. The n of the table is the number of runs of
each of four configurations, or the number of configurations with four runs each.
"""

from functools import cache
from typing import Literal

import numpy as np

from benchmarks.calibration_scores import Draw
from results.analysis.signal_bootstrap import Bootstrap, Sample, Scope
from results.analysis.signal_verdicts import Verdict, verdicts
from results.stats.estimates import Floats

SIGNALS, BASELINE = ("one", "two", "three"), "count"
_FEW = 4
"""Number of configurations, or of runs of each."""
_SHIFT = 3.0
"""Standard deviation between configurations, in that of the runs of one."""
_RESAMPLES = 300
"""Resamples of each bootstrap; the command draws 2,000."""


def predicts(draw: Draw, n: int, effect: float, scope: Scope) -> bool | None:
    """Return whether a signal seems to predict or to mislead.

    Args:
        draw: Source of scores.
        n: Number of runs of each configuration, or of configurations.
        effect: 0: no signal tells anything; 1: the first has a correlation of 0.7.
        scope: Within configurations, or overall.

    Returns:
        None if the rule gives no verdict for so few.
    """
    shape = (_FEW, n) if scope == "within" else (n, _FEW)
    scores, signals = _apart(draw, shape), [_apart(draw, shape) for _ in SIGNALS]
    signals[0] = 0.7 * effect * scores + np.sqrt(1 - (0.7 * effect) ** 2) * signals[0]
    found = _judged(scores, [*signals, np.round(2 * draw(*shape))], scope)
    answers = [verdict.predicts for verdict in found]
    if "few" in answers:
        return None
    return answers[0] == "yes" if effect else "yes" in answers or "no" in answers


def beats(draw: Draw, n: int, effect: float, rule: Literal["baseline", "best"]) -> bool | None:
    """Return whether a signal seems better than the baseline, or than another signal.

    Within configurations, all signals and the baseline are counts with the same correlation.

    Args:
        draw: Source of scores.
        n: Number of runs of each configuration.
        effect: 0: all correlations are equal; 1: that of the first signal is much higher.
        rule: The rule.

    Returns:
        None if the rule gives no verdict for so few.
    """
    scores = draw(_FEW, n)
    counts = [np.round(2 * (scores + draw(_FEW, n))) for _ in (*SIGNALS, BASELINE)]
    if effect:
        counts[0] = scores + 0.3 * draw(_FEW, n)
    found = _of_counts(np.stack([scores, *counts]).tobytes(), n)
    if any(verdict.predicts == "few" for verdict in found):
        return None
    if rule == "baseline":
        shown = [verdict.beats_baseline in ("yes", "no") for verdict in found]
    else:
        shown = [verdict.predicts == "yes" and not verdict.may_be_best for verdict in found]
    return (shown[0] if rule == "baseline" else all(shown[1:])) if effect else any(shown)


@cache
def _of_counts(runs: bytes, n: int) -> tuple[Verdict, ...]:
    """Return the verdicts; without a difference, both rules judge the same runs."""
    scores, *counts = np.frombuffer(runs).reshape(-1, _FEW, n)
    return _judged(scores, counts, "within")


def _apart(draw: Draw, shape: tuple[int, int]) -> Floats:
    """Return values of configurations that differ; the last dimension has the runs of one."""
    return np.asarray(_SHIFT * draw(shape[0], 1) + draw(*shape))


def _judged(scores: Floats, signals: list[Floats], scope: Scope) -> tuple[Verdict, ...]:
    names = (*SIGNALS, BASELINE)
    sample = Sample(
        scope=scope,
        signals={name: of.ravel() for name, of in zip(names, signals, strict=True)},
        scores=scores.ravel(),
        clusters=np.arange(0, scores.size, scores.shape[1]),
    )
    found = verdicts(Bootstrap(sample, resamples=_RESAMPLES), SIGNALS, baseline=BASELINE)
    return tuple(found[name] for name in SIGNALS)
