"""`dartboard campaign`: the trials of every condition, by local workers; resumable, growable."""

import contextlib
from pathlib import Path

from rich.console import Console

from cli.commands.run import go_on, serve
from cli.console.logs import Logs
from cli.console.words import duration
from cli.local.cores import available_cores, split
from cli.local.workers import LocalWorkers
from configspace.campaign import Campaign, load_campaign
from configspace.errors import ServiceError, StoreError
from configspace.versions import versions
from master.service.lock import study_lock
from master.service.master import MAX_WORKERS, Ending
from master.service.settings import Listen
from master.sources.base import Chain
from master.sources.fixed import FixedJobs, condition_jobs
from results.store.store import Store
from worker.engine.problem import problem_of
from worker.evaluation.choose import choose_engine


def run_campaign(
    path: Path,
    url: str,
    *,
    seeds: int | None,
    workers: int,
    threads: int,
    device: str,
    engine: str,
    accept_version_change: bool,
    metrics_port: int | None,
    logs: Logs,
) -> int:
    """Run a campaign on this machine; return the exit code.

    Args:
        path: The campaign file.
        url: The store.
        seeds: Trials of every condition; None: as the file says.
        workers: Local workers; 0: as many as fill the cores.
        threads: Threads a worker; 0: likewise.
        device: Where the workers compute.
        engine: What computes.
        accept_version_change: Whether to go on under other versions than so far.
        metrics_port: Port for Prometheus, if any.
        logs: How the log is written.

    Raises:
        DartboardError: If the file, the store or the workers are not what they should be.
    """
    campaign = _loaded(path, seeds)
    for condition in campaign.conditions:  # before a store and workers are made for nothing
        problem_of(condition.problem)
    if device not in ("auto", "cpu"):
        choose_engine(engine, device)
    largest = max(
        min(condition.trials, condition.evaluation.trials) for condition in campaign.conditions
    )
    count, threads = split(available_cores(), largest, workers=workers, threads=threads)
    return _run(
        campaign,
        url,
        listen=Listen(max_workers=max(MAX_WORKERS, count), metrics_port=metrics_port),
        local=LocalWorkers(count, device=device, engine=engine, threads=threads),
        count=count,
        accept=accept_version_change,
        logs=logs,
    )


def serve_campaign(
    campaign: Campaign, url: str, *, listen: Listen, accept: bool, logs: Logs, more: bool = False
) -> int:
    """Serve a campaign to workers that are started elsewhere; return the exit code.

    Args:
        campaign: What is to be run.
        url: The store.
        listen: Where, and for whom.
        accept: Whether to go on under other versions than the results so far.
        logs: How the log is written.
        more: Whether something else is served on the same address right after.

    Raises:
        DartboardError: If the store, the port or the credentials are not what they should be.
    """
    return _run(
        campaign, url, listen=listen, local=None, count=1, accept=accept, logs=logs, more=more
    )


def _loaded(path: Path, seeds: int | None) -> Campaign:
    campaign = load_campaign(path)
    if seeds is None:
        return campaign
    conditions = tuple(
        condition.model_copy(update={"trials": seeds}) for condition in campaign.conditions
    )
    return campaign.model_copy(update={"conditions": conditions})


def _run(
    campaign: Campaign,
    url: str,
    *,
    listen: Listen,
    local: LocalWorkers | None,
    count: int,
    accept: bool,
    logs: Logs,
    more: bool = False,
) -> int:
    console = Console(stderr=True)
    logs.set_up(console, study=campaign.name)
    with Store.open(url) as store, study_lock(url, campaign.name):
        store.begin_campaign(campaign, versions(), accept_version_change=accept)
        wanted = sum(condition.trials for condition in campaign.conditions)
        # Few trials are shared out evenly rather than in jobs of the largest size.
        share = -(-wanted // count)
        sources = [
            condition_jobs(condition, store, batch=min(condition.evaluation.trials, share))
            for condition in campaign.conditions
        ]
        chain = Chain(sources, name=campaign.name)
        before = chain.progress()
        if before.trials_done:
            console.print(
                f"campaign {campaign.name}: going on after {before.trials_done} finished trials",
                highlight=False,
            )
        ending = None
        try:
            if before.iterations_done < before.iterations:
                title = f"[bold]{campaign.name}[/] · {len(sources)} conditions · {wanted} trials"
                ending = serve(
                    chain,
                    store,
                    console,
                    title,
                    listen=listen,
                    local=local,
                    phases=2,
                    logs=logs,
                    more=more,
                )
        finally:
            with contextlib.suppress(StoreError):  # then the store is what went wrong
                for condition, source in zip(campaign.conditions, sources, strict=True):
                    store.end(condition.study, "done" if _is_complete(source) else "stopped")
    return _conclude(console, chain, ending)


def _is_complete(source: FixedJobs) -> bool:
    progress = source.progress()
    return progress.iterations_done == progress.iterations and not progress.lost


def _conclude(console: Console, chain: Chain, ending: Ending | None) -> int:
    """Say what came of it; return the exit code."""
    progress = chain.progress()
    state = "stopped" if progress.lost or (ending and ending.state == "stopped") else "done"
    parts = [
        f"campaign {progress.study} {state}: {progress.trials_done} trials of "
        f"{progress.iterations} conditions finished"
    ]
    parts += [
        f"{count} jobs {word}"
        for count, word in ((progress.crashed, "crashed"), (progress.lost, "lost"))
        if count
    ]
    if ending is not None:
        parts.append(f"{duration(ending.snapshot.elapsed_seconds)} in this run")
    console.print(", ".join(parts), highlight=False, soft_wrap=True)
    if state == "stopped":
        interrupted = go_on(console)
        return interrupted if ending and ending.state == "stopped" else 1
    if not progress.trials_done:
        raise ServiceError(
            f"campaign {progress.study!r} is done, but none of its trials finished; 'dartboard "
            f"export {progress.study} --what evaluations' has each one's reason in its column "
            "message"
        )
    return 0
