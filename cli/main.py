"""The `dartboard` command: its sub-commands and options; what they do is imported when they run."""

import os
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from configspace.errors import DartboardError

DEFAULT_STORE = "sqlite:///dartboard.db"

app = typer.Typer(
    help="Tune differentiable architecture search with BOHB, and ask whether its one-shot score "
    "can be trusted.",
    epilog="Example: dartboard run studies/quickstart-final.toml",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.toml", help="A study file.")]
StudyName = Annotated[
    str, typer.Argument(metavar="STUDY", help="The name of a study or a campaign in the store.")
]
StoreUrl = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="URL",
        envvar="DARTBOARD_STORE",
        help="Where results are kept: a SQLAlchemy URL.",
    ),
]
Device = Annotated[
    str, typer.Option("--device", help="auto, cpu, or a CUDA device such as cuda:0.")
]


class Engine(StrEnum):
    """What computes the trials."""

    auto = "auto"
    torch = "torch"
    numba = "numba"


EngineName = Annotated[
    Engine, typer.Option("--engine", help="What computes the trials; auto picks by device.")
]
Threads = Annotated[
    int,
    typer.Option(
        "--threads",
        min=0,
        envvar="DARTBOARD_THREADS",
        help="Threads a worker; 0: what fills the cores.",
    ),
]


AcceptVersionChange = Annotated[
    bool,
    typer.Option(
        "--accept-version-change", help="Go on under other versions than the results so far."
    ),
]


MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port", min=1, max=65535, help="Port for Prometheus, on the master's address."
    ),
]


class LogLevel(StrEnum):
    """How much is logged."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


LogLevelName = Annotated[LogLevel, typer.Option("--log-level", help="The least that is logged.")]
LogJson = Annotated[
    bool, typer.Option("--log-json", help="Log as JSON, an object a line, on standard output.")
]


class What(StrEnum):
    """What can be exported."""

    incumbents = "incumbents"
    evaluations = "evaluations"
    trials = "trials"
    curves = "curves"
    conditions = "conditions"


class Format(StrEnum):
    """The formats of an export."""

    csv = "csv"
    parquet = "parquet"
    json = "json"
    markdown = "markdown"
    latex = "latex"


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    if debug:
        os.environ["DARTBOARD_DEBUG"] = "1"


@app.command(epilog="Example: dartboard run studies/quickstart-final.toml --workers 2")
def run(
    study: StudyFile,
    store: StoreUrl = DEFAULT_STORE,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Local workers; 0: what fills the cores.")
    ] = 0,
    threads: Threads = 0,
    device: Device = "auto",
    engine: EngineName = Engine.auto,
    accept_version_change: AcceptVersionChange = False,
    metrics_port: MetricsPort = None,
    log_level: LogLevelName = LogLevel.warning,
    log_json: LogJson = False,
) -> None:
    """Run a study on this machine; run it again to go on where it stopped."""
    from cli.commands.run import run_study
    from cli.console.logs import Logs

    raise typer.Exit(
        run_study(
            study,
            store,
            workers=workers,
            threads=threads,
            device=device,
            engine=engine.value,
            accept_version_change=accept_version_change,
            metrics_port=metrics_port,
            logs=Logs(log_level.value, log_json),
        )
    )


@app.command(epilog="Example: dartboard campaign studies/paper/table1.toml --seeds 5")
def campaign(
    campaign: Annotated[Path, typer.Argument(metavar="CAMPAIGN.toml", help="A campaign file.")],
    store: StoreUrl = DEFAULT_STORE,
    seeds: Annotated[
        int | None,
        typer.Option("--seeds", min=1, help="Trials a condition; default: as the file says."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Local workers; 0: what fills the cores.")
    ] = 0,
    threads: Threads = 0,
    device: Device = "auto",
    engine: EngineName = Engine.auto,
    accept_version_change: AcceptVersionChange = False,
    metrics_port: MetricsPort = None,
    log_level: LogLevelName = LogLevel.warning,
    log_json: LogJson = False,
) -> None:
    """Run fixed hyperparameters on many seeds; run it again to go on, or with more to grow it."""
    from cli.commands.campaign import run_campaign
    from cli.console.logs import Logs

    raise typer.Exit(
        run_campaign(
            campaign,
            store,
            seeds=seeds,
            workers=workers,
            threads=threads,
            device=device,
            engine=engine.value,
            accept_version_change=accept_version_change,
            metrics_port=metrics_port,
            logs=Logs(log_level.value, log_json),
        )
    )


@app.command(
    epilog="Example: dartboard master studies/paper/blur-final.toml --host 0.0.0.0 "
    "--credentials credentials"
)
def master(
    studies: Annotated[
        list[Path],
        typer.Argument(metavar="FILE.toml...", help="Study or campaign files, served in turn."),
    ],
    store: StoreUrl = DEFAULT_STORE,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; 0.0.0.0: all of this machine's.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one.")] = 9090,
    credentials: Annotated[
        Path | None,
        typer.Option("--credentials", metavar="DIR", help="As made by 'dartboard credentials'."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let other machines in without credentials.")
    ] = False,
    max_workers: Annotated[
        int, typer.Option("--max-workers", min=1, max=10000, help="Connections served at once.")
    ] = 32,
    lease: Annotated[
        float, typer.Option("--lease", min=1, help="Seconds a job stays a silent worker's.")
    ] = 30.0,
    heartbeat: Annotated[
        float, typer.Option("--heartbeat", min=0.1, help="Seconds between a worker's heartbeats.")
    ] = 5.0,
    export_to: Annotated[
        Path | None,
        typer.Option("--export-to", metavar="DIR", help="Write incumbents and comparison there."),
    ] = None,
    trials: Annotated[
        int, typer.Option("--trials", min=2, help="Of that comparison, for each incumbent.")
    ] = 32,
    accept_version_change: AcceptVersionChange = False,
    metrics_port: MetricsPort = None,
    log_level: LogLevelName = LogLevel.info,
    log_json: LogJson = False,
) -> None:
    """Serve studies and campaigns, in turn, to workers started here or elsewhere."""
    from cli.commands.master import serve_series
    from cli.console.logs import Logs
    from master.credentials.folder import Folder
    from master.service.settings import Listen

    listen = Listen(
        host=host,
        port=port,
        max_workers=max_workers,
        credentials=None if credentials is None else Folder(credentials),
        insecure=insecure,
        lease_seconds=lease,
        heartbeat_seconds=heartbeat,
        metrics_port=metrics_port,
    )
    raise typer.Exit(
        serve_series(
            studies,
            store,
            listen=listen,
            export_to=export_to,
            trials=trials,
            accept_version_change=accept_version_change,
            logs=Logs(log_level.value, log_json),
        )
    )


@app.command(epilog="Example: dartboard worker 127.0.0.1:9090 --device cuda:0")
def worker(
    address: Annotated[str, typer.Argument(metavar="HOST:PORT", help="Where the master listens.")],
    device: Annotated[
        str,
        typer.Option(
            "--device",
            envvar="DARTBOARD_DEVICE",
            help="auto, cpu, a CUDA device such as cuda:0, or all: a worker for each GPU.",
        ),
    ] = "auto",
    engine: EngineName = Engine.auto,
    threads: Threads = 0,
    name: Annotated[str, typer.Option("--name", help="Default: host and process.")] = "",
    idle_limit: Annotated[
        float, typer.Option("--idle-limit", help="Seconds to wait for a master that is away.")
    ] = 600.0,
    credentials: Annotated[
        Path | None,
        typer.Option("--credentials", metavar="FILE", help="For a master that wants them."),
    ] = None,
    log_level: LogLevelName = LogLevel.info,
    log_json: LogJson = False,
    until_done: Annotated[
        bool,
        typer.Option("--until-done", help="End with the master; else wait for the next one."),
    ] = False,
    parent: Annotated[int, typer.Option("--parent", hidden=True)] = 0,
) -> None:
    """Evaluate the jobs of a master, study after study."""
    from cli.console.logs import Logs
    from cli.local.workers import run_one_worker

    if device == "all":
        from cli.local.gpus import run_on_every_gpu

        raise typer.Exit(run_on_every_gpu(sys.argv[1:]))
    raise typer.Exit(
        run_one_worker(
            address,
            device=device,
            engine=engine.value,
            threads=threads,
            name=name or None,
            idle_limit=idle_limit,
            parent=parent,
            until_done=until_done,
            credentials=credentials,
            logs=Logs(log_level.value, log_json),
        )
    )


@app.command(epilog="Example: dartboard status quickstart-final")
def status(
    study: Annotated[
        str, typer.Argument(metavar="[STUDY]", help="A study or campaign; default: all.")
    ] = "",
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Show a study's progress, workers and incumbent, or how far a campaign's conditions are."""
    from cli.commands.status import show_status

    show_status(store, study or None)


@app.command(epilog="Example: dartboard export blur-final --what incumbents --format latex")
def export(
    studies: Annotated[
        list[str],
        typer.Argument(metavar="STUDY...", help="Studies, or campaigns; several at once."),
    ],
    what: Annotated[What, typer.Option("--what", help="What to export.")] = What.incumbents,
    format: Annotated[Format, typer.Option("--format", help="In which format.")] = Format.csv,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; default: standard output.")
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Write results as a table: incumbents, evaluations, trials, curves, conditions."""
    from cli.commands.export import export_results

    export_results(store, studies, what=what.value, format=format.value, output=output)


@app.command(
    epilog="Example: dartboard compare quickstart-one-shot quickstart-final --trials 32 --quick"
)
def compare(
    one_shot: Annotated[str, typer.Argument(metavar="ONE_SHOT", help="A one-shot study.")],
    final: Annotated[str, typer.Argument(metavar="FINAL", help="A final study.")],
    store: StoreUrl = DEFAULT_STORE,
    trials: Annotated[
        int, typer.Option("--trials", min=2, help="Fresh seeds for each incumbent.")
    ] = 75,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Only re-run the incumbents: nothing at equal cost, nothing on the other problem, "
            "no exchanged training.",
        ),
    ] = False,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the page, table and pictures.")
    ] = Path("exports"),
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Local workers; 0: what fills the cores.")
    ] = 0,
    threads: Threads = 0,
    device: Device = "auto",
    engine: EngineName = Engine.auto,
    accept_version_change: AcceptVersionChange = False,
) -> None:
    """Re-run both studies' incumbents on fresh seeds, and put all that it shows on one page."""
    from cli.commands.compare import compare_studies

    raise typer.Exit(
        compare_studies(
            one_shot,
            final,
            store,
            trials=trials,
            quick=quick,
            folder=output,
            workers=workers,
            threads=threads,
            device=device,
            engine=engine.value,
            accept_version_change=accept_version_change,
        )
    )


class TableFormat(StrEnum):
    """The formats of a table."""

    text = "text"
    markdown = "markdown"
    latex = "latex"
    csv = "csv"


Campaigns = Annotated[
    list[str] | None,
    typer.Option("--campaign", metavar="NAME", help="A campaign to take instead; may be repeated."),
]


@app.command(
    epilog="Example: dartboard table 1 --format markdown -o table1.md\n\n"
    "Example: dartboard table 7 --study blur-one-shot --study blur-final"
)
def table(
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="As in the paper: 1, 2, 3, 4, 7 or 8.")
    ],
    store: StoreUrl = DEFAULT_STORE,
    campaign: Campaigns = None,
    study: Annotated[
        list[str] | None,
        typer.Option("--study", metavar="NAME", help="Of Tables 7 and 8: a study; repeatable."),
    ] = None,
    failed_below: Annotated[
        float, typer.Option("--failed-below", metavar="DB", help="PSNR that counts as a failure.")
    ] = 10.0,
    format: Annotated[
        TableFormat, typer.Option("--format", help="In which format.")
    ] = TableFormat.text,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; default: standard output.")
    ] = None,
) -> None:
    """Put our numbers beside those of a table of the paper, with n and intervals."""
    from cli.commands.table import show_table

    show_table(
        number,
        store,
        campaigns=campaign or [],
        studies=study or [],
        failed_below=failed_below,
        format=format.value,
        output=output,
    )


@app.command(
    epilog="Example: dartboard plot 3 -o figure3.pdf\n\n"
    "Example: dartboard plot anytime blur-one-shot blur-final\n\n"
    "Example: dartboard plot architecture table2 --condition cell-all-blur-darts-H1 -o found.svg"
)
def plot(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FIGURE", help="1 to 9 of the paper; anytime, budgets, search, architecture."
        ),
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STUDY", help="Of the latter four; architecture takes a campaign, too."
        ),
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    campaign: Campaigns = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            "--condition", metavar="NAME", help="A campaign's condition to draw; repeatable."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A .png, .pdf or .svg; default: FIGURE.png."),
    ] = None,
) -> None:
    """Draw a figure of the paper with our trials, or one of studies."""
    from cli.commands.plot import plot as draw

    draw(
        what,
        names or [],
        store,
        campaigns=campaign or [],
        conditions=condition or [],
        output=output,
    )


@app.command(epilog="Example: dartboard findings -o findings.md")
def findings(
    store: StoreUrl = DEFAULT_STORE,
    campaign: Campaigns = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; default: standard output.")
    ] = None,
) -> None:
    """Say which of the paper's findings our runs bear out, by stated rules, as Markdown."""
    from cli.commands.findings import show_findings

    show_findings(store, campaigns=campaign or [], output=output)


CredentialFolder = Annotated[
    Path, typer.Option("--folder", metavar="DIR", help="Where the credentials are kept.")
]
credentials = typer.Typer(
    help="Make, issue and revoke what lets workers in.",
    epilog="Example: dartboard credentials init --host desk.example.org",
)
app.add_typer(credentials, name="credentials")


@credentials.command(epilog="Example: dartboard credentials init --host 192.168.0.7")
def init(
    host: Annotated[
        list[str] | None,
        typer.Option("--host", help="Name or address of the master; repeat it for several."),
    ] = None,
    folder: CredentialFolder = Path("credentials"),
) -> None:
    """Make an authority and the master's certificate; again, to renew the latter."""
    from cli.commands.credentials import init_credentials

    init_credentials(folder, host or [])


@credentials.command(epilog="Example: dartboard credentials issue laptop > laptop.pem")
def issue(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call the worker.")],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Default: NAME.pem in a terminal, else standard output, which is also -.",
        ),
    ] = "",
    days: Annotated[
        int, typer.Option("--days", min=1, max=3650, help="How long it is good.")
    ] = 730,
    folder: CredentialFolder = Path("credentials"),
) -> None:
    """Make the one file that a worker needs."""
    from cli.commands.credentials import issue_credentials

    issue_credentials(folder, name, output=output, days=days)


@credentials.command(epilog="Example: dartboard credentials revoke laptop")
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As it was issued.")],
    folder: CredentialFolder = Path("credentials"),
) -> None:
    """End a worker's credentials, at once."""
    from cli.commands.credentials import revoke_credentials

    revoke_credentials(folder, name)


@credentials.command("list", epilog="Example: dartboard credentials list")
def list_(folder: CredentialFolder = Path("credentials")) -> None:
    """Show whose credentials there are."""
    from cli.commands.credentials import list_credentials

    list_credentials(folder)


@app.command(epilog="Example: dartboard doctor --master desk:9090 --credentials laptop.pem")
def doctor(
    store: StoreUrl = DEFAULT_STORE,
    host: Annotated[str, typer.Option("--host", help="Where a master would listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 9090,
    master: Annotated[
        str, typer.Option("--master", metavar="HOST:PORT", help="A master to be reached.")
    ] = "",
    credentials: Annotated[
        Path | None,
        typer.Option("--credentials", metavar="PATH", help="A master's folder or worker's file."),
    ] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="As of a master.")] = False,
    device: Device = "auto",
    engine: EngineName = Engine.auto,
) -> None:
    """Check that this machine is fit for master or worker, and say what to do if not."""
    from cli.commands.doctor import Patient, examine
    from master.service.settings import Listen

    raise typer.Exit(
        examine(
            Patient(
                store=store,
                listen=Listen(host=host, port=port, insecure=insecure),
                credentials=credentials,
                master=master or None,
                device=device,
                engine=engine.value,
            )
        )
    )


@app.command(epilog="Example: dartboard delete quickstart-final")
def delete(
    study: StudyName,
    store: StoreUrl = DEFAULT_STORE,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a study or a campaign and all its results from the store, after asking."""
    from cli.commands.delete import delete_study

    raise typer.Exit(delete_study(store, study, ask=not yes))


def main() -> None:
    """Run the command; every error a user can mend is one line on standard error."""
    try:
        status = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except TyperException as error:
        _complain(error.format_message().rstrip(".") + _hint(error))
        status = 2
    except Abort:
        status = 130
    except DartboardError as error:
        if _debugging():
            traceback.print_exc()
        _complain(str(error))
        status = 2
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:  # the reader of our output left, as in `dartboard export … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except Exception as error:  # noqa: BLE001 -- the last resort: a bug, reported in one line
        if _debugging():
            traceback.print_exc()
        _complain(
            f"unexpected {type(error).__name__}: {error}. This is a bug; "
            "'dartboard --debug …' shows where"
        )
        status = 1
    sys.exit(status or 0)


def _hint(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f". See '{context.command_path} --help'" if context else ""


def _debugging() -> bool:
    return bool(os.environ.get("DARTBOARD_DEBUG"))


def _complain(line: str) -> None:
    print(f"dartboard: {' '.join(line.split())}", file=sys.stderr)


if __name__ == "__main__":
    main()
