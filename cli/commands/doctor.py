"""`dartboard doctor`: is this machine fit, and if not, what to do."""

import os
import shutil
import socket
import ssl
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from cli.console.clock import is_synchronized
from cli.local.cores import available_cores
from configspace.errors import DartboardError
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Failure, Job, Outcome
from configspace.study import ArchitectureSettings, ProblemSettings, SearchSettings
from configspace.versions import PACKAGES, versions
from master.credentials.folder import Folder
from master.service.settings import Listen
from results.store.schema import studies
from results.store.store import Store

State = Literal["ok", "note", "wrong"]
_SPARE_BYTES = 2**30
_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found."""

    state: State
    text: str
    advice: str = ""
    """What to do, unless all is well."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patient:
    """What is to be looked at."""

    store: str
    listen: Listen
    credentials: Path | None = None
    """A master's folder or a worker's file."""
    master: str | None = None
    """Where a master is to be reached, as ``host:port``."""
    device: str = "auto"
    engine: str = "auto"


Check = Callable[[Patient], Iterator[Finding]]


def examine(patient: Patient) -> int:
    """Print what each check finds, as it finds it; return 1 if something is wrong, else 0."""
    console = Console()
    worst = 0
    for name, check in CHECKS.items():
        for finding in _findings(check, patient):
            table = Table.grid(padding=(0, 2))
            table.add_column(width=5)
            table.add_column(width=11)
            table.add_column(overflow="fold")
            style = {"ok": "green", "note": "yellow", "wrong": "bold red"}[finding.state]
            table.add_row(f"[{style}]{finding.state}[/]", name, _plain(finding.text))
            if finding.advice:
                table.add_row("", "", f"→ {_plain(finding.advice)}")
            console.print(table, highlight=False)
            worst = max(worst, int(finding.state == "wrong"))
    return worst


def _findings(check: Check, patient: Patient) -> Iterator[Finding]:
    try:
        yield from check(patient)
    except DartboardError as error:
        reason, _, advice = str(error).partition("; ")
        yield Finding("wrong", reason, advice)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def check_versions(_: Patient) -> Iterator[Finding]:
    """Python's and the packages'."""
    found = versions()
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield Finding("wrong", f"Python {found['python']}", "use Python 3.11, 3.12 or 3.13")
    missing = [package for package in PACKAGES if package not in found]
    if missing:
        yield Finding("note", f"not installed: {', '.join(missing)}", "'make setup' installs all")
    yield Finding("ok", ", ".join(f"{name} {version}" for name, version in found.items()))


def check_device(_: Patient) -> Iterator[Finding]:
    """Cores, memory and what would compute."""
    import psutil

    memory = psutil.virtual_memory()
    text = f"{available_cores()} cores, {memory.available / 2**30:.1f} GiB of memory free"
    if memory.available < _SPARE_BYTES:
        yield Finding("note", text, "end other programs, or give a study fewer workers")
    else:
        yield Finding("ok", text)


def check_engine(patient: Patient) -> Iterator[Finding]:
    """A tiny evaluation in a real child process."""
    from worker.service.child_process import Child
    from worker.service.client import EVALUATOR

    child = Child(evaluator=EVALUATOR, device=patient.device, engine=patient.engine, threads=1)
    try:
        child.start()
        began = time.monotonic()
        result = child.run(_tiny_job(), lambda: True)
        seconds = time.monotonic() - began
    finally:
        child.kill()
    compiled = ", mostly to compile; the next will not" if seconds > 5 else ""
    where = f"{child.engine} on {child.device}"
    if isinstance(result, Outcome):
        yield Finding("ok", f"{where}: a tiny evaluation took {seconds:.1f} s{compiled}")
    else:
        reason = result.message if isinstance(result, Failure) else "it was ended"
        yield Finding("wrong", f"{where}: {reason}", "try another --engine or --device")


def check_store(patient: Patient) -> Iterator[Finding]:
    """Whether it can be read and written, and has room."""
    url = sa.make_url(patient.store) if "://" in patient.store else None
    if url is not None and url.get_backend_name() == "sqlite" and url.database:
        path = Path(url.database)
        folder = path.absolute().parent
        for one in (path, folder):
            if one.exists() and not os.access(one, os.W_OK):
                yield Finding("wrong", f"{str(one)!r} cannot be written", "mend its permissions")
        if folder.is_dir() and (free := shutil.disk_usage(folder).free) < _SPARE_BYTES:
            yield Finding("note", f"{free / 2**20:.0f} MiB free in {folder}", "make room")
        if not path.exists() and folder.is_dir():
            yield Finding("ok", f"none yet at {patient.store}; the first study makes one")
            return
    with Store.open(patient.store, create=False) as store:
        names = store.study_names()
        with store.reading() as connection:
            newest = connection.scalar(sa.select(sa.func.max(studies.c.changed)))
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    yield Finding("ok", f"{len(names)} studies{': ' if names else ''}{shown}")
    if newest is not None and newest > datetime.now(UTC) + timedelta(minutes=1):
        yield Finding(
            "wrong",
            f"the store was changed at {newest:%Y-%m-%d %H:%M} UTC, which is yet to come",
            "set the clock of this machine, or of the one that wrote it",
        )


def check_port(patient: Patient) -> Iterator[Finding]:
    """Whether a master could listen, and whether the one asked for answers."""
    if patient.master is not None:
        yield _reached(patient.master, patient.credentials)
        return
    listen = patient.listen
    address = f"{listen.host}:{listen.port}"
    try:
        with socket.create_server((listen.host, listen.port), reuse_port=False):
            pass
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield Finding(
            "wrong", f"{address}: {reason}", "take another --port or --host, or stop what uses it"
        )
        return
    yield Finding("ok", f"{address} is free")


def _reached(master: str, credentials: Path | None) -> Finding:
    from worker.service.link import AwayError, Link

    with Link(master, credentials=credentials) as link:
        try:
            link.open()
        except AwayError as error:
            return Finding(
                "wrong",
                f"no master answers at {master} ({error})",
                "start it, or let its port through the firewalls between",
            )
    return Finding("ok", f"the master at {master} lets this machine in")


def check_credentials(patient: Patient) -> Iterator[Finding]:
    """Whether they are whole, private, and good for a while."""
    from master.credentials.authority import check_host, hosts_of, load

    path = patient.credentials
    if path is None:
        patient.listen.check()
        yield Finding("ok", "none given, and none needed on this machine alone")
        return
    if path.is_dir():
        folder = Folder(path)
        folder.check()
        check_host(folder, patient.listen.host)
        certificate, keys = load(folder.certificate), [folder.key, folder.authority_key]
        text = f"a master's, for {', '.join(hosts_of(folder.certificate))}"
    else:
        from worker.service.credentials import load_context

        load_context(path)
        certificate, keys, text = load(path), [path], "a worker's"
    for key in keys:
        if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
            yield Finding("wrong", f"others can read {str(key)!r}", f"chmod 600 {key}")
    now, ends = datetime.now(UTC), certificate.not_valid_after_utc
    if not certificate.not_valid_before_utc <= now <= ends:
        yield Finding(
            "wrong",
            f"{text}, good from {certificate.not_valid_before_utc:%Y-%m-%d} to {ends:%Y-%m-%d}",
            "set this machine's clock, or make new ones with 'dartboard credentials'",
        )
    elif ends - now < _SOON:
        yield Finding(
            "note", f"{text}, good until {ends:%Y-%m-%d}", "make new ones: 'dartboard credentials'"
        )
    else:
        yield Finding("ok", f"{text}, good until {ends:%Y-%m-%d}, {ssl.OPENSSL_VERSION}")


def check_clock(_: Patient) -> Iterator[Finding]:
    """Whether it is kept right; results do not depend on it, certificates do."""
    text = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    match is_synchronized():
        case True:
            yield Finding("ok", f"{text}, kept right over the network")
        case False:
            yield Finding(
                "note", f"{text}, not kept right over the network", "'timedatectl set-ntp true'"
            )
        case None:
            yield Finding("ok", text)


CHECKS: dict[str, Check] = {
    "versions": check_versions,
    "device": check_device,
    "engine": check_engine,
    "store": check_store,
    "port": check_port,
    "credentials": check_credentials,
    "clock": check_clock,
}


def _tiny_job() -> Job:
    id = EvaluationId(configuration=(0, 0, 0), epochs=1)
    return Job(
        study="doctor",
        id=id,
        objective="final",
        problem=ProblemSettings(points=12),
        architecture=ArchitectureSettings(layers=2, channels=4),
        search=SearchSettings(batch_size=8, batches=2),
        hyperparameters=Hyperparameters(),
        epochs=1,
        seeds=(0,),
        time_limit=300.0,
    )
