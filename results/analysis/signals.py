"""How well signals predict the final score: correlations, selection, and verdicts by stated rules.

There are three questions. *Within* a configuration: which of its runs is the best one? A
coefficient is the mean over the configurations, weighted by their runs. So differences between
configurations do not count at all, and a configuration whose scores spread more does not count
more. Over *configurations*: which one has the best mean? *Overall*: which run is the best one,
whatever its configuration?
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from configspace.signals import training_epochs
from results.analysis.signal_bootstrap import (
    RESAMPLES,
    Bootstrap,
    Scope,
    sample_of,
)
from results.analysis.signal_runs import BASELINE, CEILING, RunGroup
from results.analysis.signal_verdicts import LEAST_CONFIGURATIONS, Verdict, verdicts
from results.stats.correlations import Kind, correlation
from results.stats.estimates import Estimate

Role = Literal["signal", "baseline", "ceiling"]

KS: Final = (2, 5, 10, 25)
"""Numbers of runs from which one is selected."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What it brings to draw k runs and to keep the one with the best signal.

    Scores are expected final scores in dB, and costs are in epochs × trials.
    """

    k: int
    kept: Estimate
    """Score of the run that is kept."""
    random: Estimate
    """Score of a random one."""
    best: Estimate
    """Score of the best one, which is known if all are retrained."""
    share: Estimate
    """Share of the possible gain: (kept − random) / (best − random)."""
    cost: int
    """Cost of k searches with the signal, and of the retraining of the run that is kept."""
    random_cost: int
    """Cost of one search and its retraining."""
    best_cost: int
    """Cost of k searches and k retrainings."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A signal in one scope."""

    runs: int
    configurations: int
    spearman: Estimate
    kendall: Estimate
    pearson: Estimate
    selections: tuple[Selection, ...]
    """One for each of `KS`; none over configurations."""
    verdict: Verdict | None
    """Missing over configurations."""


@dataclass(frozen=True, slots=True)
class JudgedSignal:
    """A signal, the baseline or the ceiling, in each scope that has runs with it."""

    name: str
    role: Role
    scopes: dict[Scope, Measured]


@dataclass(frozen=True, slots=True, eq=False)
class JudgedGroup:
    """The signals of a group of runs."""

    group: RunGroup
    signals: tuple[JudgedSignal, ...]
    """The best first, by Spearman's correlation within configurations, or overall."""

    @property
    def scope(self) -> Scope:
        """The scope that ranks the signals: within configurations, if any has enough runs."""
        return "within" if any("within" in one.scopes for one in self.signals) else "overall"


def judge(
    group: RunGroup,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    advance: Callable[[], None] = lambda: None,
) -> JudgedGroup:
    """Judge the signals of a group, its baseline and its ceiling.

    Args:
        group: The runs.
        resamples: Number of resamples of the bootstraps.
        seed: Seed of the bootstraps.
        advance: Called `steps` times.
    """
    names = _names(group)
    scopes: dict[str, dict[Scope, Measured]] = {name: {} for name in names}
    for scope in get_args(Scope):
        sample = sample_of(group.runs, names, scope)
        bootstrap = Bootstrap(sample, resamples=resamples, seed=seed)
        judged = _judged(bootstrap, group)
        for name in names:
            if bootstrap.runs(name).any():
                scopes[name][scope] = _measured(bootstrap, group, name, judged.get(name))
            advance()
    signals = [JudgedSignal(name, _role(name), scopes[name]) for name in names if scopes[name]]
    found = JudgedGroup(group, tuple(signals))

    def height(one: JudgedSignal) -> float:
        measured = one.scopes.get(found.scope)
        value = float("nan") if measured is None else measured.spearman.value
        return value if value == value else -2.0  # an undefined one comes last

    return JudgedGroup(group, tuple(sorted(signals, key=height, reverse=True)))


def steps(group: RunGroup) -> int:
    """Return how often `judge` reports progress."""
    return len(get_args(Scope)) * len(_names(group))


def _names(group: RunGroup) -> list[str]:
    return [name for name in (*group.signals, BASELINE, CEILING) if name in group.runs]


def _role(name: str) -> Role:
    return "baseline" if name == BASELINE else "ceiling" if name == CEILING else "signal"


def _judged(bootstrap: Bootstrap, group: RunGroup) -> dict[str, Verdict]:
    """Return the verdicts; the signals are judged together, baseline and ceiling each alone."""
    if bootstrap.sample.scope == "configurations" or not len(bootstrap.sample.scores):
        return {}
    present = [name for name in _names(group) if bootstrap.runs(name).any()]
    signals = [name for name in present if _role(name) == "signal"]
    found = verdicts(bootstrap, signals, baseline=BASELINE if BASELINE in present else None)
    for name in present:
        if _role(name) != "signal":
            found |= verdicts(bootstrap, [name], baseline=None)
    return found


def _measured(
    bootstrap: Bootstrap, group: RunGroup, name: str, verdict: Verdict | None
) -> Measured:
    keep = bootstrap.runs(name)
    runs, configurations = bootstrap.size(keep)
    drawn = runs if bootstrap.sample.scope == "within" else configurations
    return Measured(
        runs=runs,
        configurations=configurations,
        spearman=_spearman(bootstrap, name, drawn),
        kendall=_other(bootstrap, name, "kendall", drawn),
        pearson=_other(bootstrap, name, "pearson", drawn),
        selections=()
        if bootstrap.sample.scope == "configurations"
        else _selections(bootstrap, group, name, drawn),
        verdict=verdict,
    )


def _spearman(bootstrap: Bootstrap, name: str, drawn: int) -> Estimate:
    sample, keep = bootstrap.sample, bootstrap.runs(name)
    if sample.scope == "configurations":  # often few, as in a comparison of studies
        return correlation(sample.signals[name][keep], sample.scores[keep], "spearman")
    return bootstrap.spearman(name, keep).correlation(drawn)


def _other(bootstrap: Bootstrap, name: str, kind: Kind, drawn: int) -> Estimate:
    found = bootstrap.correlation(name, bootstrap.runs(name), kind)
    if bootstrap.sample.scope == "configurations" and drawn < LEAST_CONFIGURATIONS:
        # Resamples of a few points hardly differ: their percentiles are far too narrow.
        return Estimate(found.value, math.nan, math.nan, drawn)
    return found.correlation(drawn)


def _selections(
    bootstrap: Bootstrap, group: RunGroup, name: str, drawn: int
) -> tuple[Selection, ...]:
    search, trained = group.search_epochs, group.epochs
    extra = 0 if name == BASELINE else training_epochs(name, trained, group.short_fraction)
    found = bootstrap.selected(name, bootstrap.runs(name), KS)
    return tuple(
        Selection(
            k=k,
            kept=one.kept.estimate(drawn),
            random=one.random.estimate(drawn),
            best=one.best.estimate(drawn),
            share=one.share.estimate(drawn),
            cost=k * (search + extra) + trained,
            random_cost=search + trained,
            best_cost=k * (search + trained),
        )
        for k, one in zip(KS, found, strict=True)
    )
