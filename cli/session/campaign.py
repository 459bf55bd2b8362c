"""Serving a campaign: the missing trials of its conditions, and the summary of the run."""

import contextlib

from cli.console.words import duration
from cli.session.serve import Session
from configspace.campaign import Campaign
from configspace.errors import ServiceError, StoreError
from configspace.versions import versions
from master.service.lock import study_lock
from master.service.master import RunResult
from master.sources.campaign import condition_jobs
from master.sources.chain import Chain
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
        store.begin_campaign(
            campaign, versions(), accept_version_change=session.accept_version_change
        )
        trials = sum(condition.trials for condition in campaign.conditions)
        # A small number of trials is divided evenly among the local workers.
        share = -(-trials // (session.local.count if session.local else 1))
        sources = [
            condition_jobs(condition, store, batch=min(condition.evaluation.trials, share))
            for condition in campaign.conditions
        ]
        chain = Chain(sources, name=campaign.name)
        before = chain.progress()
        if before.trials_done:
            session.console.print(
                f"campaign {campaign.name}: resuming after {before.trials_done} finished trials",
                highlight=False,
            )
        result = None
        try:
            if before.iterations_done < before.iterations:
                title = f"[bold]{campaign.name}[/] · {len(sources)} conditions · {trials} trials"
                result = session.serve(chain, store, title, phases=2)
        finally:
            with contextlib.suppress(StoreError):  # the store itself may have failed
                for condition, source in zip(campaign.conditions, sources, strict=True):
                    store.end(condition.study, "done" if source.is_complete() else "stopped")
    return _conclude(chain, result, session)


def _conclude(chain: Chain, result: RunResult | None, session: Session) -> int:
    """Print the summary of the run; return the exit code."""
    progress = chain.progress()
    interrupted = result is not None and result.state == "stopped"
    state = "stopped" if progress.lost or interrupted else "done"
    parts = [
        f"campaign {progress.study} {state}: {progress.trials_done} trials of "
        f"{progress.iterations} conditions finished"
    ]
    parts += [
        f"{count} jobs {word}"
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
