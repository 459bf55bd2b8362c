"""Serving a campaign: the missing trials of its conditions, and the summary of the run."""

import contextlib

from cli.console.words import duration
from cli.session.serve import Session
from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.errors import ServiceError, StoreError
from configspace.names import counted
from configspace.versions import versions
from master.service.lock import study_lock
from master.service.master import RunResult
from master.sources.campaign import condition_jobs
from master.sources.chain import Chain
from master.sources.fixed import FixedJobs
from results.store.store import Store


def serve_campaign(campaign: Campaign, session: Session) -> int:
    """Serve the missing trials of a campaign; return the exit code.

    Args:
        campaign: The campaign to run.
        session: The store, the workers and the settings.

    Raises:
        DartboardError: If the store, the port or the workers cannot be used, or no trial
            finished.
    """
    session.logs.set_up(session.console, study=campaign.name)
    with Store.open(session.url) as store, study_lock(session.url, campaign.name):
        requested = sum(condition.trials for condition in campaign.conditions)
        # A small number of trials is divided evenly among the local workers.
        share = -(-requested // (session.local.count if session.local else 1))
        sources = begin_conditions(
            campaign, store, share=share, accept_version_change=session.accept_version_change
        )
        trials = sum(source.trials for source in sources)
        if trials > requested:
            session.console.print(
                f"campaign {campaign.name}: keeping all {counted(trials, 'trial')} of the store, "
                f"which has more than the {requested} requested",
                highlight=False,
                soft_wrap=True,
            )
        chain = Chain(sources, name=campaign.name)
        before = chain.progress()
        if before.trials_done:
            session.console.print(
                f"campaign {campaign.name}: resuming after "
                f"{counted(before.trials_done, 'finished trial')}",
                highlight=False,
            )
        result = None
        try:
            if before.iterations_done < before.iterations:
                size = f"{counted(len(sources), 'condition')} · {counted(trials, 'trial')}"
                title = f"[bold]{campaign.name}[/] · {size}"
                result = session.serve(chain, store, title)
        finally:
            with contextlib.suppress(StoreError):  # the store itself may have failed
                for condition, source in zip(campaign.conditions, sources, strict=True):
                    store.end(condition.study, "done" if source.is_complete() else "stopped")
    return conclude(chain, result, session, counted(len(sources), "condition"))


def begin_conditions(
    campaign: Campaign, store: Store, *, share: int, accept_version_change: bool
) -> list[FixedJobs]:
    """Record the conditions of a campaign as running, and plan their missing trials.

    The store keeps as the number of trials of a condition those that it already has, if there are
    more of them than the campaign now asks for.

    Args:
        campaign: The campaign.
        store: The store of its results.
        share: Largest number of trials per job; each condition has its own limit too.
        accept_version_change: See `results.store.store.Store.begin`.

    Raises:
        DartboardError: If the store has the campaign with other settings or versions.
    """

    def begin(conditions: tuple[Condition, ...]) -> None:
        store.begin_campaign(
            campaign.model_copy(update={"conditions": conditions}),
            versions(),
            accept_version_change=accept_version_change,
        )

    begin(campaign.conditions)
    stored = {condition.name: condition for condition in store.campaign(campaign.name).conditions}
    conditions = tuple(stored[condition.name] for condition in campaign.conditions)
    sources = [
        condition_jobs(condition, store, batch=min(condition.evaluation.trials, share))
        for condition in conditions
    ]
    planned = tuple(
        condition.model_copy(update={"trials": source.trials})
        for condition, source in zip(conditions, sources, strict=True)
    )
    if planned != conditions:
        begin(planned)
    return sources


def conclude(chain: Chain, result: RunResult | None, session: Session, parts_of: str) -> int:
    """Print the summary of the run of a campaign; return the exit code.

    Args:
        chain: The sources of the campaign.
        result: How the run ended; None if there was nothing to run.
        session: Where to print.
        parts_of: What the campaign consists of, such as ``4 conditions``.

    Raises:
        ServiceError: If the campaign is done without a finished trial.
    """
    progress = chain.progress()
    interrupted = result is not None and result.state == "stopped"
    state = "stopped" if progress.lost or interrupted else "done"
    parts = [
        f"campaign {progress.study} {state}: {progress.trials_done} trials of {parts_of} finished"
    ]
    parts += [
        f"{counted(count, 'job')} {word}"
        for count, word in ((progress.crashed, "crashed"), (progress.lost, "lost"))
        if count
    ]
    if result is not None:
        parts.append(f"{duration(result.snapshot.elapsed_seconds)} in this run")
    session.console.print(", ".join(parts), highlight=False, soft_wrap=True)
    if state == "stopped":
        code = session.explain_resuming()
        return code if interrupted else 1
    if not progress.trials_done:
        raise ServiceError(
            f"campaign {progress.study!r} is done, but none of its trials finished",
            advice=f"'dartboard export {progress.study} --what evaluations' shows the reason of "
            "each in its column message",
        )
    return 0
