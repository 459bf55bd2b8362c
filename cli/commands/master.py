"""`dartboard master`: serve files in turn to workers started elsewhere, then export the results.

The modules that read and draw results are imported only when there are results: the import takes a
second or two, and the workers would wait for it.
"""

from collections.abc import Sequence
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
            help="Folder to write when all is done: incumbents, and a comparison of each final "
            "study with the others of its task.",
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
    from results.comparison.studies import groups

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
    compared: list[tuple[Study, ...]] = []
    if export_to is not None:
        make_folder(export_to)
        check_files(exports(studies, export_to))
    for number, entry in enumerate(entries, start=1):
        if export_to is not None and len(entries) == number > 1:
            compared = groups(studies)
        one = session.followed(by_more=number < len(entries) or bool(compared))
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
    return _compare(compared, session, export_to, trials)


def exports(studies: "list[Study]", folder: Path) -> list[Path]:
    """Return the files that `--export-to` writes for these studies.

    They are checked before the studies start.
    """
    from results.comparison.studies import groups, stem

    names = [[study.name for study in group] for group in groups(studies)]
    stems = [stem(each) for each in names]
    trials = [f"{each[-1]}-trials" for each in names]
    return [
        *(_incumbents(studies, folder, suffix) for suffix in INCUMBENTS if studies),
        *(folder / f"{stem}{suffix}" for stem in stems for suffix in (".html", ".md")),
        *(folder / f"{stem}{suffix}" for stem in stems + trials for suffix in (".png", ".pdf")),
    ]


def _incumbents(studies: "list[Study]", folder: Path, suffix: str) -> Path:
    """Return the file of the incumbents; other studies have another one."""
    from results.comparison.studies import joined

    return folder / f"{joined([study.name for study in studies])}-incumbents{suffix}"


def _write_incumbents(studies: "list[Study]", url: str, folder: Path) -> None:
    from cli.commands.export import export

    names = [study.name for study in studies]
    for suffix, format in INCUMBENTS.items():
        export(names, format=format, output=_incumbents(studies, folder, suffix), store=url)


def _compare(
    compared: "list[tuple[Study, ...]]", session: "Session", folder: Path, trials: int
) -> int:
    """Re-run the incumbents of each group on the same workers, and write the comparisons."""
    from cli.commands.compare import write_comparison
    from cli.session.comparison import run_comparison
    from results.store.store import Store

    for number, group in enumerate(compared, start=1):
        one = session.followed(by_more=number < len(compared))
        with Store.open(session.url) as store:
            if not run_comparison(group, store, one, trials=trials, quick=True):
                return session.explain_resuming()
            write_comparison(store, [study.name for study in group], folder)
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
