"""How the numbers of a comparison are written: with their sign, their interval and their unit.

PSNRs have two decimals, the values of other signals four digits.
"""

import math

from configspace.signals import FINAL, Signal
from results.stats.estimates import LEVEL, Estimate
from results.stats.probability_of_improvement import ProbabilityOfImprovement


def number(value: float, signal: Signal = FINAL, *, with_sign: bool = False) -> str:
    """Write a value of a signal without its unit, with a typographic minus sign."""
    form = f"{'+' if with_sign else ''}{'.2f' if signal.is_psnr else '.4g'}"
    return format(value, form).replace("-", "−")


def with_unit(text: str, signal: Signal) -> str:
    """Write the unit of a signal after a number, if it has one."""
    return f"{text} {signal.unit}".rstrip()


def interval(estimate: Estimate, signal: Signal = FINAL, *, with_sign: bool = False) -> str:
    """Write an estimate with its interval, if it has one, without its unit."""
    if math.isnan(estimate.value):
        return "undefined"
    value, low, high = (
        number(each, signal, with_sign=with_sign)
        for each in (estimate.value, estimate.low, estimate.high)
    )
    return value if math.isnan(estimate.low) else f"{value} [{low}, {high}]"


def signed(estimate: Estimate, level: float = LEVEL, signal: Signal = FINAL) -> str:
    """Write a difference with its sign and unit, and its interval, if it has one."""
    if math.isnan(estimate.value):
        return "undefined"
    value, low, high = (
        number(each, signal, with_sign=True)
        for each in (estimate.value, estimate.low, estimate.high)
    )
    text = with_unit(value, signal)
    return text if math.isnan(estimate.low) else f"{text} ({percent(level)}: {low} to {high})"


def probability(wins: ProbabilityOfImprovement, level: float = LEVEL) -> str:
    """Write a probability of improvement with its interval, if it has one."""
    if math.isnan(wins.low):
        return f"{wins.value:.2f}"
    return f"{wins.value:.2f} ({percent(level)}: {wins.low:.2f} to {wins.high:.2f})"


def percent(share: float) -> str:
    """Write a level, such as ``95%`` or ``98.75%``."""
    return f"{100 * share:.4g}%"
