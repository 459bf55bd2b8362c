"""`dartboard credentials`: make, issue, revoke and list the credentials of workers."""

import os
import shlex
import stat
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from cli.options import output_path
from configspace.errors import ServiceError
from configspace.names import counted

CredentialsFolder = Annotated[
    Path, typer.Option("--folder", metavar="DIR", help="Folder of the credentials.")
]
DEFAULT_FOLDER = Path("credentials")

app = typer.Typer(
    name="credentials",
    add_completion=False,
    help="Make, issue and revoke the credentials with which workers connect to a master.",
    epilog="Example: dartboard credentials init --host desk.example.org",
)


@app.command(epilog="Example: dartboard credentials init --host 192.168.0.7")
def init(
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host", help="Name or address of the master's machine. Repeat it for several."
        ),
    ] = None,
    folder: CredentialsFolder = DEFAULT_FOLDER,
) -> None:
    """Make an authority and the master's certificate. Run it again to renew the certificate."""
    from rich.console import Console

    from cli.local.surroundings import fitting
    from master.credentials.authority import initialize
    from master.credentials.certificates import hosts_of
    from master.credentials.folder import Folder

    files, hosts = Folder(folder), host or []
    new = initialize(files, hosts)
    console = Console(stderr=True)
    console.print(
        f"{'made' if new else 'kept'} the authority in {folder}; the master's certificate is for "
        f"{', '.join(hosts_of(files.certificate))}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        fitting(
            f"next: dartboard credentials issue NAME{_option(folder)}, and dartboard master "
            f"STUDY.toml --host {hosts[0] if hosts else '127.0.0.1'} "
            f"--credentials {shlex.quote(str(folder))}"
        ),
        highlight=False,
        soft_wrap=True,
    )


@app.command(epilog="Example: dartboard credentials issue laptop -o laptop.pem")
def issue(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the worker.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            parser=output_path,
            help="File to write; - means standard output. The default is NAME.pem in a terminal, "
            "else standard output.",
        ),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", min=1, max=3650, help="Days for which the file is valid.")
    ] = 730,
    folder: CredentialsFolder = DEFAULT_FOLDER,
) -> None:
    """Make the one file that a worker needs to connect."""
    from rich.console import Console

    from cli.console.output import STANDARD_OUTPUT, write_text
    from cli.console.streams import OutputError
    from master.credentials import authority
    from master.credentials.folder import Folder, write_secret

    target = output or Path(f"{name}.pem" if sys.stdout.isatty() else "-")
    to_stdout = target in STANDARD_OUTPUT
    if not to_stdout and target.exists():
        raise ServiceError(f"file {str(target)!r} already exists", advice="choose another --output")
    try:
        text = authority.issue(Folder(folder), name, days=days)
    except ServiceError as error:
        if to_stdout and _is_empty_file(sys.stdout):  # a shell empties it before we start
            advice = f"{error.advice}. The shell has emptied the file after '>'; -o FILE keeps it"
            raise ServiceError(error.problem, advice=advice) from error
        raise
    if to_stdout:
        try:
            write_text(text, None)
            sys.stdout.flush()
        except OutputError:
            authority.revoke(Folder(folder), name)
            raise
        return
    try:
        write_secret(target, text)
    except OSError as error:
        authority.revoke(Folder(folder), name)  # the file was not written, so no worker has them
        raise ServiceError(
            f"cannot write {str(target)!r}: {error.strerror}", advice="choose another --output"
        ) from error
    Console(stderr=True).print(
        f"wrote {target}; copy it to the worker's machine over a secure channel, and run there: "
        f"dartboard worker HOST:PORT --credentials {target.name}",
        highlight=False,
        soft_wrap=True,
    )


@app.command(epilog="Example: dartboard credentials revoke laptop")
def revoke(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name given to 'dartboard credentials issue'.")
    ],
    folder: CredentialsFolder = DEFAULT_FOLDER,
) -> None:
    """Revoke the credentials of a worker. A running master refuses it at once."""
    from rich.console import Console

    from master.credentials import authority
    from master.credentials.folder import Folder

    count = authority.revoke(Folder(folder), name)
    Console(stderr=True).print(
        f"revoked {name} ({counted(count, 'certificate')}); a master that uses "
        f"{folder} refuses it from now on",
        highlight=False,
        soft_wrap=True,
    )


@app.command("list", epilog="Example: dartboard credentials list")
def list_(folder: CredentialsFolder = DEFAULT_FOLDER) -> None:
    """List the credentials of all workers, with the days on which they expire."""
    from rich.console import Console
    from rich.table import Table

    from cli.console.tables import print_table
    from cli.local.surroundings import fitting
    from master.credentials.authority import issued
    from master.credentials.folder import Folder

    known = issued(Folder(folder))
    console = Console()
    if not known:
        console.print(
            "no credentials yet; make some with: "
            + fitting(f"dartboard credentials issue NAME{_option(folder)}"),
            soft_wrap=True,
        )
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("name", "state", "expires", "serial"):
        table.add_column(column, no_wrap=True)
    for one in known:
        table.add_row(one.name, one.state, f"{one.expires:%Y-%m-%d}", f"{one.serial:x}")
    print_table(console, table)


def _is_empty_file(stream: TextIO) -> bool:
    try:
        found = os.fstat(stream.fileno())
    except OSError:  # not a file at all
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == 0


def _option(folder: Path) -> str:
    return "" if folder == DEFAULT_FOLDER else f" --folder {shlex.quote(str(folder))}"
