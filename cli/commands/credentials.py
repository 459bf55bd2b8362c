"""`dartboard credentials`: make, issue, revoke and list what lets workers in."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from configspace.errors import ServiceError
from master.credentials.authority import hosts_of, initialize, issue, issued, revoke
from master.credentials.folder import Folder, write_secret


def init_credentials(path: Path, hosts: Sequence[str]) -> None:
    """Make an authority and the master's certificate, and say what to do with them."""
    folder = Folder(path)
    new = initialize(folder, hosts)
    console = Console(stderr=True)
    console.print(
        f"{'made' if new else 'kept'} the authority in {path}; the master's certificate is for "
        f"{', '.join(hosts_of(folder.certificate))}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"next: dartboard credentials issue NAME{_option(path)}, and dartboard master STUDY.toml "
        f"--host {hosts[0] if hosts else '127.0.0.1'} --credentials {shlex.quote(str(path))}",
        highlight=False,
        soft_wrap=True,
    )


def issue_credentials(path: Path, name: str, *, output: str, days: int) -> None:
    """Write the credentials of a worker to a file, or to standard output.

    Args:
        path: The folder of the authority.
        name: What to call the worker.
        output: A file; ``-``: standard output; empty: ``NAME.pem``, or standard output where that
            is no terminal, as in ``dartboard credentials issue NAME > NAME.pem``.
        days: How long they are good.

    Raises:
        ServiceError: If they cannot be made, or the file is there already.
    """
    output = output or (f"{name}.pem" if sys.stdout.isatty() else "-")
    target = Path(output)
    if output != "-" and target.exists():
        raise ServiceError(f"{str(target)!r} is there already; choose another --output")
    text = issue(Folder(path), name, days=days)
    if output == "-":
        sys.stdout.write(text)
        return
    try:
        write_secret(target, text)
    except OSError as error:
        revoke(Folder(path), name)  # nobody has them
        raise ServiceError(f"cannot write {str(target)!r}: {error.strerror}") from error
    Console(stderr=True).print(
        f"wrote {target}; bring it to the worker's machine by a safe way, and there: "
        f"dartboard worker HOST:PORT --credentials {target.name}",
        highlight=False,
        soft_wrap=True,
    )


def revoke_credentials(path: Path, name: str) -> None:
    """End the credentials of a worker; a running master heeds it at once."""
    count = revoke(Folder(path), name)
    Console(stderr=True).print(
        f"revoked {name} ({count} certificate{'s' if count > 1 else ''}); a master that serves "
        f"with {path} refuses it from now on",
        highlight=False,
        soft_wrap=True,
    )


def list_credentials(path: Path) -> None:
    """Print whose credentials there are."""
    known = issued(Folder(path))
    console = Console()
    if not known:
        console.print(f"none yet; dartboard credentials issue NAME{_option(path)}")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("name", "state", "expires", "serial"):
        table.add_column(column, no_wrap=True)
    for one in known:
        table.add_row(one.name, one.state, f"{one.expires:%Y-%m-%d}", f"{one.serial:x}")
    console.print(table)


def _option(path: Path) -> str:
    return "" if path == Path("credentials") else f" --folder {shlex.quote(str(path))}"
