"""`dartboard campaign`: fixed hyperparameters on many seeds, on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    DEFAULT_STORE,
    AcceptVersionChange,
    Device,
    Engine,
    LogJson,
    LogLevelOption,
    MetricsPort,
    StoreUrl,
    Threads,
    Workers,
)

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: dartboard campaign studies/paper/table1.toml --seeds 5")
def campaign(
    campaign: Annotated[
        Path, typer.Argument(metavar="CAMPAIGN.toml", help="Path of a campaign file.")
    ],
    store: StoreUrl = DEFAULT_STORE,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds",
            min=1,
            max=1_000_000,
            help="Trials per condition. The default is the number in the file.",
        ),
    ] = None,
    workers: Workers = 0,
    threads: Threads = 0,
    device: Device = "auto",
    engine: Engine = "auto",
    accept_version_change: AcceptVersionChange = False,
    metrics_port: MetricsPort = None,
    log_level: LogLevelOption = "warning",
    log_json: LogJson = False,
) -> int:
    """Run fixed hyperparameters on many seeds. Run it again to resume, or with more seeds."""
    from cli.console.logs import Logs
    from cli.local.workers import LocalWorkers
    from cli.session.campaign import serve_campaign
    from cli.session.serve import Session
    from configspace.campaign import load_campaign
    from master.service.settings import MAX_WORKERS, ServiceSettings
    from worker.engine.problem import problem_of
    from worker.evaluation.choose import choose_engine

    settings = load_campaign(campaign)
    if seeds is not None:
        conditions = tuple(
            condition.model_copy(update={"trials": seeds}) for condition in settings.conditions
        )
        settings = settings.model_copy(update={"conditions": conditions})
    # Errors that are known before a store and workers are made:
    for condition in settings.conditions:
        problem_of(condition.problem)
    if device not in ("auto", "cpu"):
        choose_engine(engine, device)
    largest = max(
        min(condition.trials, condition.evaluation.trials) for condition in settings.conditions
    )
    local = LocalWorkers.fill_cores(
        largest, workers=workers, threads=threads, device=device, engine=engine
    )
    session = Session(
        url=store,
        local=local,
        settings=ServiceSettings(
            max_workers=max(MAX_WORKERS, local.count), metrics_port=metrics_port
        ),
        logs=Logs(log_level, log_json),
        accept_version_change=accept_version_change,
    )
    return serve_campaign(settings, session)
