"""`dartboard doctor`: check this machine, and advise what to fix."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    DEFAULT_STORE,
    Device,
    Engine,
    Host,
    Insecure,
    Port,
    StoreUrl,
)

if TYPE_CHECKING:
    from cli.local.checks import Target

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: dartboard doctor --master desk:9090 --credentials laptop.pem")
def doctor(
    store: StoreUrl = DEFAULT_STORE,
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    master: Annotated[
        str,
        typer.Option(
            "--master", metavar="HOST:PORT", help="Address of a running master to connect to."
        ),
    ] = "",
    credentials: Annotated[
        Path | None,
        typer.Option(
            "--credentials", metavar="PATH", help="Folder of a master, or file of a worker."
        ),
    ] = None,
    insecure: Insecure = False,
    device: Device = "auto",
    engine: Engine = "auto",
) -> int:
    """Check that a master or a worker can run on this machine, and advise what to fix."""
    from rich.console import Console

    from cli.console.logs import Logs
    from cli.local.checks import Target
    from master.service.settings import ServiceSettings

    Logs("info").set_up(Console(stderr=True))  # says that kernels are compiled
    return examine(
        Target(
            store=store,
            settings=ServiceSettings(host=host, port=port, insecure=insecure),
            credentials=credentials,
            master=master or None,
            device=device,
            engine=engine,
        )
    )


def examine(target: "Target") -> int:
    """Print the result of each check at once; return 1 if something is wrong, else 0."""
    from rich.console import Console
    from rich.table import Table

    from cli.console.tables import is_terminal, print_lines
    from cli.local.checks import CHECKS, run_check
    from cli.local.surroundings import fitting

    console = Console()
    worst = 0
    for name, check in CHECKS.items():
        for result in run_check(check, target):
            worst = max(worst, int(result.state == "wrong"))
            advice = f"→ {fitting(result.advice)}" if result.advice else ""
            if not is_terminal(console):
                print_lines(console, [[result.state, name, f"{result.text} {advice}".rstrip()]])
                console.file.flush()
                continue
            table = Table.grid(padding=(0, 2))
            table.add_column(width=5)
            table.add_column(width=11)
            table.add_column(overflow="fold")
            style = {"ok": "green", "note": "yellow", "wrong": "bold red"}[result.state]
            table.add_row(f"[{style}]{result.state}[/]", name, _plain(result.text))
            if advice:
                table.add_row("", "", _plain(advice))
            console.print(table, highlight=False)
    return worst


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
