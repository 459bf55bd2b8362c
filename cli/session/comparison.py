"""The runs of a comparison: re-runs of the incumbents, and the conditions that explain them."""

import contextlib
import itertools
import shlex
from collections.abc import Sequence
from contextlib import ExitStack

from rich.console import Console

from cli.local.surroundings import fitting
from cli.session.campaign import begin_conditions
from cli.session.serve import Session
from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.errors import DartboardError, StoreError
from configspace.names import counted
from configspace.study import Study
from configspace.versions import versions
from master.service.lock import study_lock
from master.sources.base import JobSource
from master.sources.chain import Chain
from master.sources.fixed import FixedJobs
from master.sources.reruns import Rerun, rerun_jobs
from results.analysis.cost import at_each_others_cost
from results.analysis.incumbent import Incumbent, incumbent_of
from results.comparison.runs import (
    Pair,
    campaign_name,
    crossings,
    exchanged_conditions,
    pairs_of,
)
from results.frames.study import load_from
from results.store.store import Store

PART_TRIALS = 8
"""Trials per job: enough to divide among threads, few enough to lose little in a crash."""


def run_comparison(
    studies: Sequence[Study], store: Store, session: Session, *, trials: int, quick: bool
) -> bool:
    """Run everything that a comparison needs and the store does not have yet.

    Args:
        studies: Comparable studies in the order of a comparison: the reference is the last one.
        store: The store of all studies, which also gets the results.
        session: The workers and the settings.
        trials: Fresh seeds per incumbent, on each problem.
        quick: Whether to run only the re-runs of the incumbents.

    Returns:
        Whether all runs ended; False if the user stopped them.

    Raises:
        DartboardError: If a study has no incumbent, none of its re-runs finished, or other
            versions wrote results and the session does not accept that.
    """
    names = [study.name for study in studies]
    campaigns = [campaign_name(name, names[-1]) for name in names[:-1]]
    with ExitStack() as locks:
        for name in (*names, *campaigns):
            locks.enter_context(study_lock(store.url, name))
        pairs = _pairs(store, names)
        incumbents = [incumbent_of(frames) for frames in (*(one for one, _ in pairs), pairs[0][1])]
        again = [_reruns(found, store, trials) for found in incumbents]
        early = [] if quick else _early(pairs, store, trials)
        of_campaigns: list[Condition] = []
        if not quick:
            known = _conditions(store, campaigns)
            of_campaigns = crossings(pairs, known, trials=trials, batch=PART_TRIALS)
        title = f"[bold]re-runs[/] · {trials} fresh seeds for each incumbent"
        first = session.followed(by_more=session.more_follows or not quick)
        if not _run([*again, *early], of_campaigns, store, first, title):
            return False
        _report_failures(again, early, session.console)
        if quick:
            return True
        exchanged = [
            condition
            for pair in _pairs(store, names)
            for condition in exchanged_conditions(pair, trials=trials, batch=PART_TRIALS)
        ]
        title = "[bold]exchange[/] · architectures of each incumbent, trained as the other's"
        return _run([], exchanged, store, session, title)


def _run(
    again: Sequence[FixedJobs],
    conditions: Sequence[Condition],
    store: Store,
    session: Session,
    title: str,
) -> bool:
    """Run the missing re-runs and trials of conditions; return whether all of them ended."""
    of_conditions = _begin(conditions, store, accept_version_change=session.accept_version_change)
    sources: list[JobSource] = [*again, *of_conditions]
    if not sources:
        return True
    for source in again:
        if source.progress().iterations_done < source.progress().iterations:
            (name,) = source.studies
            store.resume(name, versions(), accept_version_change=session.accept_version_change)
    chain, state = Chain(sources, rounds="settings"), "done"
    before = chain.progress()
    try:
        if before.iterations_done < before.iterations:
            state = "stopped"
            state = session.serve(chain, store, title).state
    finally:
        with contextlib.suppress(StoreError):  # the store itself may have failed
            for condition, source in zip(conditions, of_conditions, strict=True):
                store.end(condition.study, "done" if source.is_complete() else "stopped")
    for condition, source in zip(conditions, of_conditions, strict=True):
        _report_condition(condition, source, session.console)
    return state != "stopped"


def _begin(
    conditions: Sequence[Condition], store: Store, *, accept_version_change: bool
) -> list[FixedJobs]:
    """Record conditions of several campaigns as running, and plan their missing trials."""
    found: list[FixedJobs] = []
    for name, of_campaign in itertools.groupby(conditions, key=lambda each: each.campaign):
        campaign = Campaign(name=name, conditions=tuple(of_campaign))
        found += begin_conditions(
            campaign, store, share=PART_TRIALS, accept_version_change=accept_version_change
        )
    return found


def _pairs(store: Store, names: Sequence[str]) -> list[Pair]:
    return pairs_of([load_from(store, name, with_curves=False) for name in names])


def _conditions(store: Store, campaigns: Sequence[str]) -> dict[str, set[str]]:
    """Return the names of the conditions of each campaign that the store has."""
    stored = store.campaign_names()
    return {
        name: {condition.name for condition in store.campaign(name).conditions}
        for name in campaigns
        if name in stored
    }


def _early(pairs: Sequence[Pair], store: Store, trials: int) -> list[FixedJobs]:
    """Plan re-runs of each study's incumbent at another's cost, if it is not its last one.

    The reference has the same one at the costs of several studies, if these are similar.
    """
    found = {
        (frames.study.name, at.incumbent.configuration, at.incumbent.epochs): at.incumbent
        for pair in pairs
        for frames, at in zip(pair, at_each_others_cost(*pair), strict=True)
        if at.incumbent is not None and not at.is_last
    }
    return [_reruns(incumbent, store, trials) for incumbent in found.values()]


def _reruns(found: Incumbent, store: Store, trials: int) -> FixedJobs:
    rerun = Rerun(found.configuration, found.hyperparameters, found.epochs)
    return rerun_jobs(found.study, store, rerun, trials=trials, batch=PART_TRIALS)


def _report_failures(
    again: Sequence[FixedJobs], early: Sequence[FixedJobs], console: Console
) -> None:
    """Print how many re-runs failed.

    Raises:
        DartboardError: If no re-run of an incumbent finished, so that nothing can be compared.
    """
    for source in again:
        if failure := _failure(source, "its incumbent"):
            if not source.finished_trials:
                raise failure
            _print(failure, console)
    for source in early:
        if failure := _failure(source, "its best at another study's cost"):
            _print(failure, console)


def _failure(source: FixedJobs, what: str) -> DartboardError | None:
    """Return how many re-runs of a configuration failed; None if none did."""
    progress = source.progress()
    if not progress.crashed + progress.lost:
        return None
    failed = [
        f"{count} {'job' if count == 1 else 'jobs'} {how}"
        for count, how in (
            (progress.crashed, "crashed (a larger --trials adds fresh seeds)"),
            (progress.lost, "lost (the next 'dartboard compare' runs them again)"),
        )
        if count
    ]
    return DartboardError(
        f"study {progress.study!r}: {source.finished_trials} of {source.trials} re-runs of {what} "
        f"finished, {' and '.join(failed)}",
        advice=_reasons(progress.study),
    )


def _print(line: object, console: Console) -> None:
    console.print(fitting(str(line)), highlight=False, markup=False, soft_wrap=True)


def _reasons(name: str) -> str:
    return (
        f"'dartboard export {shlex.quote(name)} --what evaluations' shows the reason of each "
        "failure in its column message"
    )


def _report_condition(condition: Condition, source: FixedJobs, console: Console) -> None:
    """Print how many jobs of a condition failed, if any did."""
    progress = source.progress()
    if not progress.crashed + progress.lost:
        return
    finished = f"{source.finished_trials} of {counted(source.trials, 'trial')} finished"
    _print(f"{condition.name}: {finished}; {_reasons(condition.campaign)}", console)
