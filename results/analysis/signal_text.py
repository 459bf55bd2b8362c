"""What judged signals show, in sentences."""

from collections.abc import Sequence

from configspace.names import counted
from results.analysis.cost import HESSIAN_NOT_COUNTED
from results.analysis.signal_bootstrap import Scope
from results.analysis.signal_runs import BASELINE, CEILING
from results.analysis.signal_table import label
from results.analysis.signal_verdicts import LEAST_CONFIGURATIONS, LEAST_RUNS, Answer
from results.analysis.signals import JudgedGroup, JudgedSignal
from results.text import interval_text, number_text

_WHERE: dict[Scope, str] = {"within": "Within a configuration", "overall": "Over all runs"}


def heading(judged: JudgedGroup) -> str:
    """Return the name of a group, with its numbers of runs and configurations."""
    runs = judged.group.runs
    configurations = counted(runs["configuration"].nunique(), "configuration")
    return f"{judged.group.name}: {counted(len(runs), 'run')}, {configurations}"


def sentences(judged: JudgedGroup) -> list[str]:
    """Return what the runs of a group show: verdicts, selection, baseline, ceiling."""
    return [
        *(text for scope in ("within", "overall") if (text := _verdicts(judged, scope))),
        *_random(judged),
        _baseline(judged),
        _ceiling(judged),
        *_not_recorded(judged),
        "The sign of a signal is chosen so that a positive correlation is good. The cost is in "
        f"epochs × trials.{_hessian(judged)}",
    ]


def _verdicts(judged: JudgedGroup, scope: Scope) -> str:
    """Write which signals predict, beat the baseline, and may be the best, in one scope."""
    found = [
        (one.name, one.scopes[scope].verdict)
        for one in judged.signals
        if one.role == "signal" and scope in one.scopes
    ]
    verdicts = {name: verdict for name, verdict in found if verdict is not None}
    if not verdicts:
        return ""
    if all(verdict.predicts == "few" for verdict in verdicts.values()):
        return f"{_WHERE[scope]}: undecided, with fewer than {_needed(scope)}."

    def named(answer: Answer) -> list[str]:
        return [name for name, verdict in verdicts.items() if verdict.predicts == answer]

    parts = [
        f"{_list(named('yes')) or 'no signal'} "
        f"{'predicts' if len(named('yes')) < 2 else 'predict'} the final score"
    ]
    if misleading := named("no"):
        parts.append(f"{_list(misleading)} {'misleads' if len(misleading) == 1 else 'mislead'}")
    if open_ := named("undecided"):
        parts.append(f"undecided: {_list(open_)}")
    if few := named("few"):
        parts.append(f"fewer than {_needed(scope)}: {_list(few)}")
    if constant := named("constant"):
        parts.append(f"constant: {_list(constant)}")
    if any(verdict.beats_baseline is not None for verdict in verdicts.values()):
        beat = [name for name, verdict in verdicts.items() if verdict.beats_baseline == "yes"]
        lose = [name for name, verdict in verdicts.items() if verdict.beats_baseline == "no"]
        parts.append(
            f"{_list(beat)} {'beats' if len(beat) == 1 else 'beat'} the baseline"
            if beat
            else "no signal beats the baseline"
        )
        if lose:
            parts.append(f"below it: {_list(lose)}")
    if best := [name for name, verdict in verdicts.items() if verdict.may_be_best]:
        parts.append(f"the best signal may be {_list(best, 'or')}")
    return f"{_WHERE[scope]}: {'; '.join(parts)}."


def _needed(scope: Scope) -> str:
    runs = counted(LEAST_RUNS, "run")
    return runs if scope == "within" else f"{runs} or {LEAST_CONFIGURATIONS} configurations"


def _random(judged: JudgedGroup) -> list[str]:
    """Write what a random run scores and costs, and which share of the gain the table shows."""
    measured = [one.scopes[judged.scope] for one in judged.signals if judged.scope in one.scopes]
    if not measured:
        return []
    first = max(measured, key=lambda one: one.runs).selections[0]
    where = "of one configuration" if judged.scope == "within" else "of all configurations"
    return [
        f"Gain: of runs {where}, the one with the best signal is retrained; share of the gain of "
        "the best one over a random one, which scores "
        f"{number_text(first.random.value)} dB on average and costs {first.random_cost:,} "
        "epochs × trials."
    ]


def _baseline(judged: JudgedGroup) -> str:
    if BASELINE not in judged.group.runs:
        reason = (
            "it is not known which custom operations are harmful"
            if judged.group.architecture.custom
            else "the operation set good has no harmful ones"
        )
        return f"No baseline without training: {reason}."
    return (
        f"Baseline without training ({label(BASELINE)}): minus the number of roll and noise in the "
        "architecture."
    )


def _ceiling(judged: JudgedGroup) -> str:
    one = _find(judged.signals, CEILING)
    measured = one.scopes.get(judged.scope) if one is not None else None
    if measured is None:
        return (
            'Ceiling not recorded: [evaluation] signals = ["second-final"] retrains each '
            "architecture twice."
        )
    spearman = measured.spearman
    known = f"predicts the final score with {interval_text(spearman)}"
    if spearman.value > 0:
        # A retraining has as much noise as the final score; by the theory of errors in both, a
        # signal without noise correlates with the square root.
        known += f"; a signal without noise could reach about {number_text(spearman.value**0.5)}"
    return f"Ceiling ({label(CEILING)}): a second retraining of the same architecture {known}."


def _not_recorded(judged: JudgedGroup) -> list[str]:
    missing = [name for name in judged.group.not_recorded if name != CEILING]
    return [f"Not recorded: {_list(missing)}."] if missing else []


def _hessian(judged: JudgedGroup) -> str:
    return f" {HESSIAN_NOT_COUNTED}" if judged.group.records("eigenvalue") else ""


def _find(signals: Sequence[JudgedSignal], name: str) -> JudgedSignal | None:
    return next((one for one in signals if one.name == name), None)


def _list(names: Sequence[str], last: str = "and") -> str:
    """Return names as a list in a sentence."""
    *first, end = [label(name) for name in names] or [""]
    return f"{', '.join(first)} {last} {end}" if first else end
