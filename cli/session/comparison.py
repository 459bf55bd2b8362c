"""The runs of a comparison: re-runs of both incumbents, and the conditions that explain them."""

import contextlib
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
from configspace.signals import phases_of
from configspace.study import Study
from configspace.versions import versions
from master.service.lock import study_lock
from master.sources.base import JobSource
from master.sources.chain import Chain
from master.sources.fixed import FixedJobs
from master.sources.reruns import Rerun, rerun_jobs
from results.analysis.cost import at_each_others_cost
from results.analysis.incumbent import Incumbent, incumbent_of
from results.comparison.runs import Pair, campaign_name, crossed_conditions, exchanged_conditions
from results.frames.study import load_from
from results.store.store import Store

PART_TRIALS = 8
"""Trials per job: enough to divide among threads, few enough to lose little in a crash."""


def run_comparison(
    studies: tuple[Study, Study], store: Store, session: Session, *, trials: int, quick: bool
) -> bool:
    """Run everything that a comparison needs and the store does not have yet.

    Args:
        studies: A one-shot study and a final one.
        store: The store of both studies, which also gets the results.
        session: The workers and the settings.
        trials: Fresh seeds per incumbent, on each problem.
        quick: Whether to run only the re-runs of the incumbents.

    Returns:
        Whether all runs ended; False if the user stopped them.

    Raises:
        DartboardError: If a study has no incumbent, none of its re-runs finished, or other
            versions wrote results and the session does not accept that.
    """
    names = tuple(study.name for study in studies)
    with ExitStack() as locks:
        for name in (*names, campaign_name(*names)):
            locks.enter_context(study_lock(store.url, name))
        pair = _pair(store, studies)
        again = [_reruns(frames.study, store, incumbent_of(frames), trials) for frames in pair]
        early = [] if quick else _early(pair, store, trials)
        conditions = () if quick else crossed_conditions(pair, trials=trials, batch=PART_TRIALS)
        title = f"[bold]re-runs[/] · {trials} fresh seeds for each incumbent"
        first = session.followed(by_more=session.more_follows or not quick)
        if not _run([*again, *early], conditions, store, first, title):
            return False
        _report_failures(again, early, session.console)
        if quick:
            return True
        conditions = exchanged_conditions(_pair(store, studies), trials=trials, batch=PART_TRIALS)
        title = "[bold]exchange[/] · architectures of each incumbent, trained as the other's"
        return _run([], conditions, store, session, title)


def _run(
    again: Sequence[FixedJobs],
    conditions: tuple[Condition, ...],
    store: Store,
    session: Session,
    title: str,
) -> bool:
    """Run the missing re-runs and trials of conditions; return whether all of them ended."""
    accept, of_conditions = session.accept_version_change, []
    if conditions:
        campaign = Campaign(name=conditions[0].campaign, conditions=conditions)
        of_conditions = begin_conditions(
            campaign, store, share=PART_TRIALS, accept_version_change=accept
        )
    sources: list[JobSource] = [*again, *of_conditions]
    if not sources:
        return True
    for source in again:
        if source.progress().iterations_done < source.progress().iterations:
            (name,) = source.studies
            store.resume(name, versions(), accept_version_change=accept)
    chain, state = Chain(sources, rounds="settings"), "done"
    before = chain.progress()
    try:
        if before.iterations_done < before.iterations:
            state = "stopped"
            state = session.serve(chain, store, title, phases=phases_of("final")).state
    finally:
        with contextlib.suppress(StoreError):  # the store itself may have failed
            for condition, source in zip(conditions, of_conditions, strict=True):
                store.end(condition.study, "done" if source.is_complete() else "stopped")
    for condition, source in zip(conditions, of_conditions, strict=True):
        _report_condition(condition, source, session.console)
    return state != "stopped"


def _pair(store: Store, studies: tuple[Study, Study]) -> Pair:
    one_shot, final = (load_from(store, study.name, with_curves=False) for study in studies)
    return one_shot, final


def _early(pair: Pair, store: Store, trials: int) -> list[FixedJobs]:
    """Plan re-runs of each study's incumbent at the other's cost, if it is not its last one."""
    return [
        _reruns(frames.study, store, at.incumbent, trials)
        for frames, at in zip(pair, at_each_others_cost(*pair), strict=True)
        if at.incumbent is not None and not at.is_last
    ]


def _reruns(study: Study, store: Store, found: Incumbent, trials: int) -> FixedJobs:
    rerun = Rerun(found.configuration, found.hyperparameters, found.epochs)
    return rerun_jobs(study, store, rerun, trials=trials, batch=PART_TRIALS)


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
        if failure := _failure(source, "its best at the other study's cost"):
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
