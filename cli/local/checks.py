"""Checks of this machine, its store and its network, for `dartboard doctor`."""

import errno
import logging
import os
import shutil
import socket
import ssl
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from cli.local.clock import is_synchronized
from cli.local.cores import available_cores
from cli.local.surroundings import advice_here
from configspace.architecture import ArchitectureSettings
from configspace.errors import DartboardError
from configspace.foreign_text import described
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Failure, Job, Outcome
from configspace.names import counted
from configspace.search import SearchSettings
from configspace.study import ProblemSettings
from configspace.versions import PACKAGES, versions
from master.credentials.folder import Folder, is_loopback
from master.service.settings import ServiceSettings
from results.store.schema import studies
from results.store.store import Store

log = logging.getLogger(__name__)

State = Literal["ok", "note", "wrong"]
_SPARE_BYTES = 2**30
"""Free memory or disk below which a check leaves a note."""
_SOON = timedelta(days=30)
"""Remaining validity of credentials below which a check leaves a note."""

_LISTENING: dict[int, str] = {
    errno.EADDRINUSE: "choose another --port, or stop the program that uses it",
    errno.EADDRNOTAVAIL: "use 127.0.0.1 for this machine alone, or 0.0.0.0 for all its addresses",
    errno.EACCES: "choose a --port of at least 1024",
}
"""What to do if a port cannot be opened, by the number of the error."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One result of a check."""

    state: State
    text: str
    advice: str = ""
    """What to do; empty if there is nothing to fix."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What the checks look at."""

    store: str
    """URL of the store."""
    settings: ServiceSettings
    """Settings of a master on this machine."""
    credentials: Path | None = None
    """Folder of a master, or file of a worker."""
    master: str | None = None
    """Address of a running master, as ``host:port``, to connect to."""
    device: str = "auto"
    engine: str = "auto"


Check = Callable[[Target], Iterator[CheckResult]]


def run_check(check: Check, target: Target) -> Iterator[CheckResult]:
    """Yield the results of a check. An error is a result, too: no check ends the others."""
    try:
        yield from check(target)
    except DartboardError as error:
        yield CheckResult("wrong", error.problem, advice_here(error.advice))
    except OSError as error:
        where = "" if error.filename is None else f"{str(error.filename)!r}: "
        yield CheckResult("wrong", f"{where}{error.strerror or error}", advice_here(""))
    except Exception as error:  # a check of a machine that is broken may raise anything
        log.debug("a check failed", exc_info=True)
        yield CheckResult("wrong", f"unexpected {described(error)}. This is a bug")


def check_versions(_: Target) -> Iterator[CheckResult]:
    """Check the versions of Python and of the packages."""
    found = versions()
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        yield CheckResult("wrong", f"Python {found['python']}", "use Python 3.11, 3.12 or 3.13")
    missing = [package for package in PACKAGES if package not in found]
    if missing:
        yield CheckResult(
            "note", f"not installed: {', '.join(missing)}", "'make setup' installs all"
        )
    yield CheckResult("ok", ", ".join(f"{name} {version}" for name, version in found.items()))


def check_device(_: Target) -> Iterator[CheckResult]:
    """Check the cores and the free memory."""
    import psutil

    memory = psutil.virtual_memory()
    text = (
        f"{counted(available_cores(), 'core')}, {memory.available / 2**30:.1f} GiB of memory free"
    )
    if memory.available < _SPARE_BYTES:
        yield CheckResult("note", text, "close other programs, or use fewer workers")
    else:
        yield CheckResult("ok", text)


def check_engine(target: Target) -> Iterator[CheckResult]:
    """Check the engine with a tiny evaluation in a real child process."""
    from worker.service.child_process import Child
    from worker.service.settings import EVALUATOR

    child = Child(evaluator=EVALUATOR, device=target.device, engine=target.engine, threads=1)
    try:
        child.start()
        began = time.monotonic()
        result = child.run(_tiny_job(), lambda: True)
        seconds = time.monotonic() - began
    finally:
        child.kill()
    compiled = ", mostly to compile; the next one is faster" if seconds > 5 else ""
    where = f"{child.engine} on {child.device}"
    if isinstance(result, Outcome):
        yield CheckResult("ok", f"{where}: a tiny evaluation took {seconds:.1f} s{compiled}")
    else:
        reason = result.message if isinstance(result, Failure) else "it was stopped"
        yield CheckResult("wrong", f"{where}: {reason}", "try another --engine or --device")


def check_store(target: Target) -> Iterator[CheckResult]:
    """Check that the store can be read and written, and that its disk has room."""
    url = sa.make_url(target.store) if "://" in target.store else None
    if url is not None and url.get_backend_name() == "sqlite" and url.database:
        path = Path(url.database)
        folder = path.absolute().parent
        for one in (path, folder):
            if one.exists() and not os.access(one, os.W_OK):
                yield CheckResult("wrong", f"{str(one)!r} cannot be written", "fix its permissions")
        if folder.is_dir() and (free := shutil.disk_usage(folder).free) < _SPARE_BYTES:
            yield CheckResult("note", f"{free / 2**20:.0f} MiB free in {folder}", "make room")
        if not path.exists() and folder.is_dir():
            yield CheckResult("ok", f"no store yet at {target.store}; the first study makes one")
            return
    with Store.open(target.store, create=False) as store:
        names = store.study_names()
        with store.reading() as connection:
            newest = connection.scalar(sa.select(sa.func.max(studies.c.changed)))
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    yield CheckResult("ok", f"{counted(len(names), 'study')}{': ' if names else ''}{shown}")
    if newest is not None and newest > datetime.now(UTC) + timedelta(minutes=1):
        yield CheckResult(
            "wrong",
            f"the store was changed at {newest:%Y-%m-%d %H:%M} UTC, which is in the future",
            "set the clock of this machine, or of the one that wrote it",
        )


def check_port(target: Target) -> Iterator[CheckResult]:
    """Check that a master could listen here, or that the given master answers."""
    if target.master is not None:
        yield _reached(target.master, target.credentials)
        return
    settings = target.settings
    host, port = settings.host, settings.port
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    is_loopback(host)  # its error is that of a master, which looks the name up as well
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family):
            pass
    except OSError as error:
        if (master := _master_at(port)) is not None:
            yield CheckResult("ok", f"{address} is in use by a running master, process {master}")
            return
        # Not its own text, to which Python adds the address in another form.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else str(error)
        advice = _LISTENING.get(number, "choose another --port or --host")
        yield CheckResult("wrong", f"{address}: {reason}", advice)
        return
    yield CheckResult("ok", f"{address} is free")


def _master_at(port: int) -> int | None:
    """Return the process of the `dartboard` command that listens on a port; None if none does."""
    import psutil

    try:
        found = psutil.net_connections("tcp")
    except psutil.AccessDenied:  # macOS allows it only to root
        return None
    for one in found:
        if one.status != psutil.CONN_LISTEN or not one.laddr or one.laddr.port != port:
            continue
        with suppress(psutil.Error):
            words = [Path(word).name for word in psutil.Process(one.pid).cmdline()[:3]]
            if one.pid is not None and "dartboard" in words:
                return int(one.pid)
    return None


def _reached(master: str, credentials: Path | None) -> CheckResult:
    from worker.service.link import Link, UnreachableError

    with Link(master, credentials=credentials) as link:
        try:
            link.open()
        except UnreachableError as error:
            return CheckResult(
                "wrong",
                f"no master answers at {master} ({error})",
                "start it, or open its port in the firewalls between the machines",
            )
    return CheckResult("ok", f"the master at {master} accepts this machine")


def check_credentials(target: Target) -> Iterator[CheckResult]:
    """Check that the credentials are complete, private, and valid for a while."""
    from master.credentials.authority import check_host
    from master.credentials.certificates import hosts_of, load_certificate

    path = target.credentials
    if path is None:
        target.settings.check_access()
        yield CheckResult("ok", "none given, and none needed for workers of this machine")
        return
    if path.is_dir():
        folder = Folder(path)
        folder.check()
        check_host(folder, target.settings.host)
        certificate, keys = load_certificate(folder.certificate), [folder.key, folder.authority_key]
        text = f"for a master on {', '.join(hosts_of(folder.certificate))}"
    else:
        from worker.service.credentials import load_context

        load_context(path)
        certificate, keys, text = load_certificate(path), [path], "for a worker"
    for key in keys:
        if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
            yield CheckResult("wrong", f"others can read {str(key)!r}", f"chmod 600 {key}")
    now, ends = datetime.now(UTC), certificate.not_valid_after_utc
    if not certificate.not_valid_before_utc <= now <= ends:
        yield CheckResult(
            "wrong",
            f"{text}, valid from {certificate.not_valid_before_utc:%Y-%m-%d} to {ends:%Y-%m-%d}",
            "set the clock of this machine, or make new ones with 'dartboard credentials'",
        )
    elif ends - now < _SOON:
        yield CheckResult(
            "note", f"{text}, valid until {ends:%Y-%m-%d}", "make new ones: 'dartboard credentials'"
        )
    else:
        yield CheckResult("ok", f"{text}, valid until {ends:%Y-%m-%d}, {ssl.OPENSSL_VERSION}")


def check_clock(_: Target) -> Iterator[CheckResult]:
    """Check that the clock is synchronized. Certificates depend on it; results do not."""
    text = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    match is_synchronized():
        case True:
            yield CheckResult("ok", f"{text}, synchronized over the network")
        case False:
            yield CheckResult(
                "note", f"{text}, not synchronized over the network", "'timedatectl set-ntp true'"
            )
        case None:
            yield CheckResult("ok", text)


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
