"""The options and arguments that several commands share, each defined once.

A command lists them as annotated parameters: ``store: StoreUrl = DEFAULT_STORE``.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

DEFAULT_STORE = "sqlite:///dartboard.db"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 9090

EngineName = Literal["auto", "torch", "numba"]
LogLevel = Literal["debug", "info", "warning", "error"]
ReportFormat = Literal["text", "csv", "parquet", "json", "markdown", "latex"]

# ---- what is evaluated, and where results are kept

StudyFile = Annotated[
    Path,
    typer.Argument(
        metavar="STUDY.toml",
        help="Path of a study file. Its objective is the final score or any signal.",
    ),
]
StoreUrl = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="URL",
        envvar="DARTBOARD_STORE",
        help="Store of the results, as a SQLAlchemy URL.",
    ),
]
AcceptVersionChange = Annotated[
    bool,
    typer.Option(
        "--accept-version-change",
        help="Resume although other versions of dartboard or its libraries wrote the results.",
    ),
]
CampaignNames = Annotated[
    list[str] | None,
    typer.Option(
        "--campaign",
        metavar="NAME",
        help="Campaign to use instead of the default ones. Repeat it for several.",
    ),
]

# ---- what computes

Device = Annotated[
    str,
    typer.Option("--device", help="Device to compute on: auto, cpu, or a GPU such as cuda:0."),
]
Engine = Annotated[
    EngineName,
    typer.Option(
        "--engine",
        help="Engine to compute with. auto prefers numba on the CPU, and uses torch on a GPU.",
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        "--workers", min=0, help="Number of local workers. 0 means as many as the cores allow."
    ),
]
Threads = Annotated[
    int,
    typer.Option(
        "--threads",
        min=0,
        envvar="DARTBOARD_THREADS",
        help="Threads per worker. 0 means as many as the cores allow.",
    ),
]

# ---- where a master listens

Host = Annotated[
    str,
    typer.Option(
        "--host", help="Address on which the master listens. 0.0.0.0 means all addresses."
    ),
]
Port = Annotated[
    int,
    typer.Option(
        "--port", min=0, max=65535, help="Port on which the master listens. 0 means any free port."
    ),
]
Insecure = Annotated[
    bool,
    typer.Option("--insecure", help="Accept workers of other machines without credentials."),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        min=1,
        max=65535,
        help="Port that serves metrics to Prometheus, on the master's address.",
    ),
]

# ---- what is written


def output_path(text: str) -> Path:
    """Return the path of an output; ``-`` alone means standard output.

    As a `Path`, the usual name of a file that is called so, ``./-``, is equal to ``-``. So it
    becomes an absolute path.

    Raises:
        BadParameter: If the text is empty, as from a variable of a script that is not set.
    """
    if not text:
        raise typer.BadParameter("expected a path, got ''")
    path = Path(text)
    return Path.cwd() / path if path == Path("-") and text != "-" else path


LogLevelOption = Annotated[
    LogLevel, typer.Option("--log-level", help="Lowest level of the messages that are logged.")
]
LogJson = Annotated[
    bool,
    typer.Option("--log-json", help="Log to standard output as JSON, one object per line."),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        parser=output_path,
        help="File to write; - means standard output, the default.",
    ),
]
Format = Annotated[ReportFormat, typer.Option("--format", help="Format of the result.")]
Picture = Annotated[
    Path | None,
    typer.Option(
        "--picture",
        metavar="FILE",
        parser=output_path,
        help="Also draw the result: a .png, .pdf or .svg file.",
    ),
]
