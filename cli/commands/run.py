"""`dartboard run`: a study on this machine."""

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
    StudyFile,
    Threads,
    Workers,
)

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: dartboard run studies/quickstart-final.toml --workers 2")
def run(
    study: StudyFile,
    store: StoreUrl = DEFAULT_STORE,
    workers: Workers = 0,
    threads: Threads = 0,
    device: Device = "auto",
    engine: Engine = "auto",
    accept_version_change: AcceptVersionChange = False,
    metrics_port: MetricsPort = None,
    log_level: LogLevelOption = "warning",
    log_json: LogJson = False,
) -> int:
    """Run a study on this machine. Run it again to resume it."""
    from cli.console.logs import Logs
    from cli.local.workers import LocalWorkers
    from cli.session.serve import Session
    from cli.session.study import serve_study
    from configspace.study import load_study
    from master.service.settings import MAX_WORKERS, ServiceSettings
    from worker.engine.problem import problem_of
    from worker.evaluation.choose import able_engine, choose_engine

    settings = load_study(study)
    # Errors that are known before a store and workers are made:
    problem_of(settings.problem)
    if device not in ("auto", "cpu") or engine == "numba":
        able_engine(choose_engine(engine, device), engine, settings.architecture, settings.search)
    local = LocalWorkers.fill_cores(
        settings.evaluation.trials, workers=workers, threads=threads, device=device, engine=engine
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
    return serve_study(settings, session)
