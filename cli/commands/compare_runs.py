"""What a comparison wants run: re-runs of both incumbents, and the conditions that explain them."""

import contextlib
import shlex
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from rich.console import Console

from cli.commands.run import serve
from cli.console.logs import Logs
from cli.local.workers import LocalWorkers
from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.errors import DartboardError, StoreError
from configspace.study import Study
from configspace.versions import versions
from master.service.lock import study_lock
from master.service.master import Ending
from master.service.settings import Listen
from master.sources.base import Chain, JobSource
from master.sources.fixed import FixedJobs, condition_jobs, reruns
from results.analysis.cost import at_each_others_cost
from results.analysis.incumbent import Incumbent, incumbent_of
from results.comparison.runs import Pair, campaign_name, crossed_conditions, exchanged_conditions
from results.frames.study import load_from
from results.store.store import Store

PART_TRIALS = 8
"""Trials a job: enough to share out among threads, few enough to lose little."""


def run_what_is_missing(
    studies: tuple[Study, Study],
    store: Store,
    console: Console,
    *,
    trials: int,
    quick: bool,
    local: LocalWorkers | None,
    listen: Listen | None = None,
    logs: Logs | None = None,
    more: bool = False,
    accept: bool = False,
) -> bool:
    """Run what the store lacks; whether that came to its end.

    Args:
        studies: A one-shot study and a final one.
        store: Where they are, and where the results go.
        console: Where progress is shown.
        trials: Fresh seeds for each incumbent, on either problem.
        quick: Whether to be content with the re-runs of the incumbents.
        local: Workers to start here, or None to wait for others.
        listen: Where to wait for them; by default on any free port, for this machine alone.
        logs: How the log is written.
        more: Whether something else is served on the same address right after.
        accept: Whether to go on under other versions than the results so far.

    Raises:
        DartboardError: If a study has no incumbent, none of its re-runs finished, or there are
            results of other versions and that is not accepted.
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

        def serving(source: JobSource, title: str, more: bool) -> Ending:
            return serve(
                source,
                store,
                console,
                title,
                local=local,
                phases=2,
                listen=listen,
                logs=logs,
                more=more,
            )

        more_follows = more or not quick
        if not _run(
            [*again, *early],
            conditions,
            store,
            console,
            lambda source: serving(source, title, more_follows),
            accept,
        ):
            return False
        for source in again:
            if told := _failures(source, trials, "its incumbent"):
                if not source.finished_trials:  # there is nothing to compare
                    raise DartboardError(told)
                console.print(told, highlight=False, markup=False, soft_wrap=True)
        for source in early:
            if told := _failures(source, trials, "its best at the other study's cost"):
                console.print(told, highlight=False, markup=False, soft_wrap=True)
        if quick:
            return True
        conditions = exchanged_conditions(_pair(store, studies), trials=trials, batch=PART_TRIALS)
        exchange = "[bold]exchange[/] · architectures of each incumbent, trained as the other's"
        return _run(
            [], conditions, store, console, lambda source: serving(source, exchange, more), accept
        )


def _run(
    again: Sequence[FixedJobs],
    conditions: tuple[Condition, ...],
    store: Store,
    console: Console,
    serving: Callable[[JobSource], Ending],
    accept: bool,
) -> bool:
    """Run re-runs and conditions as far as the store lacks them; whether that came to its end."""
    if conditions:
        campaign = Campaign(name=conditions[0].campaign, conditions=conditions)
        store.begin_campaign(campaign, versions(), accept_version_change=accept)
    of_conditions = [
        condition_jobs(condition, store, batch=PART_TRIALS) for condition in conditions
    ]
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
            state = serving(chain).state
    finally:
        with contextlib.suppress(StoreError):  # then the store is what went wrong
            for condition, source in zip(conditions, of_conditions, strict=True):
                ended = source.progress()
                complete = ended.iterations_done == ended.iterations and not ended.lost
                store.end(condition.study, "done" if complete else "stopped")
    for condition, source in zip(conditions, of_conditions, strict=True):
        _tell_condition(condition, source, console)
    return state != "stopped"


def _pair(store: Store, studies: tuple[Study, Study]) -> Pair:
    one_shot, final = (load_from(store, study.name, with_curves=False) for study in studies)
    return one_shot, final


def _early(pair: Pair, store: Store, trials: int) -> list[FixedJobs]:
    """Plan re-runs of what the dearer study had at the other's cost, if not its last incumbent."""
    return [
        _reruns(frames.study, store, at.incumbent, trials)
        for frames, at in zip(pair, at_each_others_cost(*pair), strict=True)
        if at.incumbent is not None and not at.is_last
    ]


def _reruns(study: Study, store: Store, found: Incumbent, trials: int) -> FixedJobs:
    return reruns(
        study,
        store,
        configuration=found.configuration,
        hyperparameters=found.hyperparameters,
        epochs=found.epochs,
        trials=trials,
        batch=PART_TRIALS,
    )


def _failures(source: FixedJobs, trials: int, what: str) -> str:
    """Say how many of a configuration's re-runs failed; nothing if none did."""
    progress = source.progress()
    if not progress.crashed + progress.lost:
        return ""
    failed = [
        f"{count} {'job' if count == 1 else 'jobs'} {how}"
        for count, how in (
            (progress.crashed, "crashed (larger --trials take fresh seeds)"),
            (progress.lost, "lost (the next 'dartboard compare' tries again)"),
        )
        if count
    ]
    return (
        f"study {progress.study!r}: {source.finished_trials} of {trials} re-runs of {what} "
        f"finished, {' and '.join(failed)}; 'dartboard export {shlex.quote(progress.study)} "
        "--what evaluations' has each reason in its column message"
    )


def _tell_condition(condition: Condition, source: FixedJobs, console: Console) -> None:
    """Say how much of a condition failed, if any did."""
    progress = source.progress()
    if not progress.crashed + progress.lost:
        return
    told = (
        f"{condition.name}: {source.finished_trials} of {condition.trials} trials finished; "
        f"'dartboard export {shlex.quote(condition.campaign)} --what evaluations' "
        "has each failure's reason in its "
        "column message"
    )
    console.print(told, highlight=False, markup=False, soft_wrap=True)
