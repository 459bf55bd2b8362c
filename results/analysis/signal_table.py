"""Judged signals as tables: for reading, and for other programs."""

import math
from collections.abc import Sequence
from typing import Final

import pandas as pd

from results.analysis.signal_bootstrap import Scope
from results.analysis.signal_runs import BASELINE
from results.analysis.signal_verdicts import Verdict
from results.analysis.signals import JudgedGroup, JudgedSignal, Measured, Selection
from results.stats.correlations import Kind
from results.text import DASH, Grid, interval_text, number_text

LABELS: Final = {BASELINE: "harmful operations"}
"""Names of rows that are no signals."""
_SHOWN_K: Final = 10
"""Number of runs whose cost is shown."""


def label(name: str) -> str:
    """Return the name of a signal or of the baseline as it is shown."""
    return LABELS.get(name, name.replace("_", "-"))


def correlation_grid(judged: JudgedGroup, kind: Kind) -> Grid:
    """Return the correlations of a group's signals as text, the best signal first."""
    rows = []
    for one in judged.signals:
        cells = [_interval(one.scopes.get(scope), kind) for scope in _SCOPES]
        rows.append((label(one.name), *cells, verdict_text(one, judged.scope)))
    headings = (kind.capitalize() if kind != "pearson" else "Pearson", *_SCOPES.values(), "verdict")
    return Grid(headings, tuple(rows), (False, True, True, True, False))


def selection_grid(judged: JudgedGroup) -> Grid:
    """Return the gain from selecting by each signal as text; below, the best possible gain."""
    measured = [(one, found) for one in judged.signals if (found := one.scopes.get(judged.scope))]
    ks = [selection.k for selection in measured[0][1].selections] if measured else []
    rows = []
    for one, found in measured:
        shares = [_share(selection) for selection in found.selections]
        rows.append((label(one.name), *shares, _cost(found.selections, "cost")))
    if measured:
        # The signal with the most runs: the gain is that over all runs of the group.
        most = max((found for _, found in measured), key=lambda found: found.runs).selections
        gains = [_gain(selection) for selection in most]
        rows.append(("best possible", *gains, _cost(most, "best_cost")))
    headings = ("gain from", *(f"best of {k}" for k in ks), f"cost of {_SHOWN_K}")
    return Grid(headings, tuple(rows), (False, *[True] * (len(ks) + 1)))


def verdict_text(one: JudgedSignal, scope: Scope) -> str:
    """Return the verdict on a signal in one or two words."""
    measured = one.scopes.get(scope)
    if measured is None or measured.verdict is None:
        return "no runs"
    if one.role != "signal":
        return one.role
    verdict = measured.verdict
    if verdict.predicts == "yes" and verdict.beats_baseline == "yes":
        return "beats baseline"
    return _WORDS[verdict.predicts]


def frame(groups: Sequence[JudgedGroup]) -> pd.DataFrame:
    """Return every number as a frame: one row per group, signal and scope."""
    return pd.DataFrame(
        [
            _row(judged, one, scope, measured)
            for judged in groups
            for one in judged.signals
            for scope, measured in one.scopes.items()
        ]
    )


_SCOPES: Final[dict[Scope, str]] = {
    "within": "within",
    "configurations": "configurations",
    "overall": "all runs",
}
_WORDS = {
    "yes": "predicts",
    "no": "misleads",
    "undecided": "undecided",
    "few": "too few runs",
    "constant": "constant",
}


def _row(
    judged: JudgedGroup, one: JudgedSignal, scope: Scope, measured: Measured
) -> dict[str, object]:
    group = judged.group
    row: dict[str, object] = {
        "problem": group.problem.name,
        "space": group.architecture.space,
        "operations": " ".join([group.architecture.operations, *group.architecture.custom]),
        "epochs": group.epochs,
        "method": group.search.variant,
        "settings": group.differs or None,
        "signal": one.name,
        "role": one.role,
        "scope": scope,
        "runs": measured.runs,
        "configurations": measured.configurations,
        **measured.spearman.columns("spearman"),
        **measured.kendall.columns("kendall"),
        **measured.pearson.columns("pearson"),
        **_verdict_columns(measured.verdict),
    }
    for selection in measured.selections:
        k = selection.k
        row |= {
            **selection.kept.columns(f"kept_of_{k}"),
            **selection.random.columns(f"random_of_{k}"),
            **selection.best.columns(f"best_of_{k}"),
            **selection.share.columns(f"share_of_{k}"),
            f"cost_of_{k}": selection.cost,
            f"best_cost_of_{k}": selection.best_cost,
        }
    return row


def _verdict_columns(verdict: Verdict | None) -> dict[str, object]:
    if verdict is None:
        return {}
    above = verdict.above_baseline
    return {
        "predicts": verdict.predicts,
        "joint_low": verdict.joint[0],
        "joint_high": verdict.joint[1],
        "beats_baseline": verdict.beats_baseline,
        **above.columns("above_baseline"),
        "may_be_best": verdict.may_be_best,
    }


def _interval(measured: Measured | None, kind: Kind) -> str:
    return DASH if measured is None else interval_text(getattr(measured, kind))


def _share(selection: Selection) -> str:
    share = selection.share
    if math.isnan(share.value):
        return DASH
    value, low, high = (_percent(one) for one in (share.value, share.low, share.high))
    return f"{value}%" if math.isnan(share.low) else f"{value}% [{low}, {high}]"


def _percent(share: float) -> str:
    return number_text(round(100 * share) + 0.0 if math.isfinite(share) else share, 0)


def _gain(selection: Selection) -> str:
    gain = selection.best.value - selection.random.value
    return DASH if math.isnan(gain) else f"{number_text(gain, sign=True)} dB"


def _cost(selections: Sequence[Selection], name: str) -> str:
    (shown,) = (one for one in selections if one.k == _SHOWN_K)
    return DASH if math.isnan(shown.kept.value) else f"{getattr(shown, name):,}"
