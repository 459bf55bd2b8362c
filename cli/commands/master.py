"""`dartboard master`: serve files in turn to workers started elsewhere, then export the results.

The modules that read and draw results are imported only when there are results: the import takes a
second or two, and the workers would wait for it.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    DEFAULT_STORE,
    AcceptVersionChange,
    Host,
    Insecure,
    LogJson,
    LogLevelOption,
    MetricsPort,
    Port,
    StoreUrl,
    output_path,
)
from configspace.errors import StudyError

if TYPE_CHECKING:
    from cli.session.serve import Session
    from configspace.campaign import Campaign
    from configspace.study import Study

app = typer.Typer(add_completion=False)
INCUMBENTS: dict[str, Literal["csv", "markdown"]] = {".csv": "csv", ".md": "markdown"}
"""Suffixes of the files of the incumbents, with their formats."""
LONGEST_STEM = 160
"""Longest name of a file that consists of the names of all its studies; systems allow 255 bytes."""


@app.command(
    epilog="Example: dartboard master studies/paper/blur-final.toml --host 0.0.0.0 "
    "--credentials credentials"
)
def master(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE.toml", help="Paths of study or campaign files, served in this order."
        ),
    ],
    store: StoreUrl = DEFAULT_STORE,
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    credentials: Annotated[
        Path | None,
        typer.Option(
            "--credentials", metavar="DIR", help="Folder made by 'dartboard credentials init'."
        ),
    ] = None,
    insecure: Insecure = False,
    max_workers: Annotated[
        int,
        typer.Option(
            "--max-workers", min=1, max=10000, help="Number of connections served at once."
        ),
    ] = 32,
    lease: Annotated[
        float,
        typer.Option(
            "--lease",
            min=1,
            max=10**6,
            help="Seconds until the job of a silent worker goes to another.",
        ),
    ] = 30.0,
    heartbeat: Annotated[
        float,
        typer.Option(
            "--heartbeat", min=0.1, max=10**6, help="Seconds between heartbeats of a worker."
        ),
    ] = 5.0,
    export_to: Annotated[
        Path | None,
        typer.Option(
            "--export-to",
            metavar="DIR",
            parser=output_path,
            help="Folder to write when all is done: incumbents, and a comparison of each one-shot "
            "study with its final one.",
        ),
    ] = None,
    trials: Annotated[
        int,
        typer.Option(
            "--trials", min=2, help="Fresh seeds per incumbent in the comparison of --export-to."
        ),
    ] = 32,
    accept_version_change: AcceptVersionChange = False,
    metrics_port: MetricsPort = None,
    log_level: LogLevelOption = "info",
    log_json: LogJson = False,
) -> int:
    """Serve studies and campaigns, one after the other, to workers started elsewhere."""
    from cli.console.logs import Logs
    from cli.console.output import check_files, make_folder
    from cli.session.campaign import serve_campaign
    from cli.session.serve import Session
    from cli.session.study import serve_study
    from configspace.campaign import Campaign, load_campaign
    from configspace.files import is_campaign
    from configspace.study import Study, load_study
    from master.credentials.folder import Folder
    from master.service.settings import ServiceSettings

    settings = ServiceSettings(
        host=host,
        port=port,
        max_workers=max_workers,
        credentials=None if credentials is None else Folder(credentials),
        insecure=insecure,
        lease_seconds=lease,
        heartbeat_seconds=heartbeat,
        metrics_port=metrics_port,
    )
    entries = [load_campaign(path) if is_campaign(path) else load_study(path) for path in files]
    studies = [entry for entry in entries if isinstance(entry, Study)]
    _check_names(entries, files)
    settings.check_access()  # before a store is made
    session = Session(
        url=store,
        settings=settings,
        logs=Logs(log_level, log_json),
        accept_version_change=accept_version_change,
    )
    pairs: list[tuple[Study, Study]] = []
    if export_to is not None:
        make_folder(export_to)
        check_files(exports(studies, export_to))
    for number, entry in enumerate(entries, start=1):
        if export_to is not None and len(entries) == number > 1:
            pairs = comparable_pairs(studies)
        one = session.followed(by_more=number < len(entries) or bool(pairs))
        match entry:
            case Study():
                status = serve_study(entry, one)
            case Campaign():
                status = serve_campaign(entry, one)
        if status:
            return status
    if export_to is None or not studies:
        return 0
    _write_incumbents(studies, store, export_to)
    return _compare(pairs, session, export_to, trials)


def comparable_pairs(studies: "list[Study]") -> "list[tuple[Study, Study]]":
    """Return the pairs of a one-shot and a final study that solve the same task."""
    from results.comparison.sides import check_comparable

    found = []
    for one_shot, final in product(studies, studies):
        try:
            check_comparable(one_shot, final)
        except StudyError:
            continue
        found.append((one_shot, final))
    return found


def exports(studies: "list[Study]", folder: Path) -> list[Path]:
    """Return the files that `--export-to` may write for these studies.

    They are checked before the studies start. Which studies are compared is not known then.
    """
    pairs = [
        (one.name, other.name)
        for one, other in product(studies, studies)
        if (one.objective, other.objective) == ("one-shot", "final")
    ]
    stems = [f"{one}-against-{other}" for one, other in pairs]
    trials = [f"{other}-trials" for _, other in pairs]
    return [
        *(_incumbents(studies, folder, suffix) for suffix in INCUMBENTS if studies),
        *(folder / f"{stem}{suffix}" for stem in stems for suffix in (".html", ".md")),
        *(folder / f"{stem}{suffix}" for stem in stems + trials for suffix in (".png", ".pdf")),
    ]


def _incumbents(studies: "list[Study]", folder: Path, suffix: str) -> Path:
    """Return the file of the incumbents; other studies have another one."""
    names = [study.name for study in studies]
    stem = "-and-".join(names)
    if len(stem) > LONGEST_STEM:
        digest = sha256("\n".join(names).encode()).hexdigest()[:8]
        stem = f"{names[0][: LONGEST_STEM // 2]}-and-{len(names) - 1}-more-{digest}"
    return folder / f"{stem}-incumbents{suffix}"


def _write_incumbents(studies: "list[Study]", url: str, folder: Path) -> None:
    from cli.commands.export import export

    names = [study.name for study in studies]
    for suffix, format in INCUMBENTS.items():
        export(names, format=format, output=_incumbents(studies, folder, suffix), store=url)


def _compare(
    pairs: "list[tuple[Study, Study]]", session: "Session", folder: Path, trials: int
) -> int:
    """Re-run the incumbents of each pair on the same workers, and write the comparisons."""
    from cli.commands.compare import write_comparison
    from cli.session.comparison import run_comparison
    from results.store.store import Store

    for number, pair in enumerate(pairs, start=1):
        one = session.followed(by_more=number < len(pairs))
        with Store.open(session.url) as store:
            if not run_comparison(pair, store, one, trials=trials, quick=True):
                return session.explain_resuming()
            write_comparison(store, pair[0].name, pair[1].name, folder)
    return 0


def _check_names(entries: "Sequence[Study | Campaign]", paths: Sequence[Path]) -> None:
    first: dict[str, Path] = {}
    for entry, path in zip(entries, paths, strict=True):
        if entry.name in first:
            raise StudyError(
                f"expected different names, got {entry.name!r} in {first[entry.name]} and in "
                f"{path}",
                advice="rename one of them, or remove it from the command",
            )
        first[entry.name] = path
