"""`dartboard worker`: evaluate the jobs of a master."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.options import Engine, LogJson, LogLevelOption, Threads

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: dartboard worker 127.0.0.1:9090 --device cuda:0")
def worker(
    address: Annotated[
        str, typer.Argument(metavar="HOST:PORT", help="Address on which the master listens.")
    ],
    device: Annotated[
        str,
        typer.Option(
            "--device",
            envvar="DARTBOARD_DEVICE",
            help="Device to compute on: auto, cpu, a GPU such as cuda:0, or all for one worker "
            "per GPU.",
        ),
    ] = "auto",
    engine: Engine = "auto",
    threads: Threads = 0,
    name: Annotated[
        str, typer.Option("--name", help="Name of the worker. The default is host and process.")
    ] = "",
    idle_limit: Annotated[
        float,
        typer.Option(
            "--idle-limit",
            min=0,
            max=10**9,
            help="Seconds to wait for a master that cannot be reached.",
        ),
    ] = 600.0,
    credentials: Annotated[
        Path | None,
        typer.Option(
            "--credentials", metavar="FILE", help="File made by 'dartboard credentials issue'."
        ),
    ] = None,
    log_level: LogLevelOption = "info",
    log_json: LogJson = False,
    until_done: Annotated[
        bool,
        typer.Option(
            "--until-done", help="Exit when the master is done, instead of waiting for the next."
        ),
    ] = False,
    parent: Annotated[int, typer.Option("--parent", hidden=True)] = 0,
) -> int:
    """Evaluate the jobs of a master, study after study.

    Exit codes: 0 after a study or SIGTERM; 1 if another attempt may succeed, because no master
    answered for the idle limit, or the start of the engine was killed; 2 if another attempt would
    fail as well, because of refused credentials, another version, a missing module of a custom
    problem, or a wrong option; 130 after Ctrl-C.
    """
    if device == "all":
        from cli.local.gpus import run_on_every_gpu

        return run_on_every_gpu(sys.argv[1:])

    from rich.console import Console

    from cli.console.logs import Logs
    from cli.local.cores import available_cores
    from cli.local.signals import exit_with
    from worker.service.client import run_worker
    from worker.service.settings import WorkerSettings

    Logs(log_level, log_json).set_up(Console(stderr=True), worker=name or None)
    if parent:
        exit_with(parent)
    settings = WorkerSettings(
        name=name or None,
        device=device,
        engine=engine,
        threads=threads or available_cores(),
        cores=0 if threads else available_cores(),
        idle_limit=idle_limit,
        once=until_done,
        credentials=credentials,
    )
    return run_worker(address, settings)
