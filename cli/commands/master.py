"""`dartboard master`: serve files in turn to workers elsewhere, then write what they show.

What reads and draws results is imported when there are some: it takes a second or two, for which
the workers would wait.
"""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

from rich.console import Console

from cli.commands.campaign import serve_campaign
from cli.commands.run import go_on, run_bohb
from cli.console.folder import make_folder
from cli.console.logs import Logs
from configspace.campaign import Campaign, is_campaign, load_campaign
from configspace.errors import StudyError
from configspace.study import Study, load_study
from master.service.settings import Listen
from results.store.store import Store

Pair = tuple[Study, Study]


def serve_series(
    paths: list[Path],
    url: str,
    *,
    listen: Listen,
    export_to: Path | None = None,
    trials: int = 32,
    accept_version_change: bool = False,
    logs: Logs | None = None,
) -> int:
    """Serve studies and campaigns in turn to workers started elsewhere; return the exit code.

    Args:
        paths: The files.
        url: The store.
        listen: Where, and for whom.
        export_to: Folder for the incumbents of all studies and for the comparison of each one-shot
            study with each final one that differs in nothing else; the same workers do the re-runs
            that it takes. None: nothing is written.
        trials: Fresh seeds for each incumbent that is compared.
        accept_version_change: Whether to go on under other versions than the results so far.
        logs: How the log is written.

    Raises:
        DartboardError: If a file, the store, the folder, the port or the credentials are not
            what they should be.
    """
    entries = [load_campaign(path) if is_campaign(path) else load_study(path) for path in paths]
    studies = [entry for entry in entries if isinstance(entry, Study)]
    _check_names(entries, paths)
    listen.check()  # before a store is made for nothing
    logs = logs or Logs("info")
    pairs: list[Pair] = []
    if export_to is not None:
        make_folder(export_to)
    for number, entry in enumerate(entries, start=1):
        if export_to is not None and len(entries) == number > 1:
            pairs = comparable_pairs(studies)
        more = number < len(entries) or bool(pairs)
        if isinstance(entry, Study):
            status = run_bohb(
                entry,
                url,
                listen=listen,
                local=None,
                accept=accept_version_change,
                logs=logs,
                more=more,
            )
        else:
            status = serve_campaign(
                entry, url, listen=listen, accept=accept_version_change, logs=logs, more=more
            )
        if status:
            return status
    if export_to is None or not studies:
        return 0
    _write_incumbents(studies, url, export_to)
    return _compare(
        pairs,
        url,
        listen=listen,
        folder=export_to,
        trials=trials,
        accept=accept_version_change,
        logs=logs,
    )


def comparable_pairs(studies: list[Study]) -> list[Pair]:
    """Return each one-shot study with each final one that can be compared with it."""
    from results.comparison.sides import check_comparable

    found = []
    for one_shot, final in product(studies, studies):
        try:
            check_comparable(one_shot, final)
        except StudyError:
            continue
        found.append((one_shot, final))
    return found


def _write_incumbents(studies: list[Study], url: str, folder: Path) -> None:
    from cli.commands.export import export_results

    names = [study.name for study in studies]
    for_programs, for_reading = folder / "incumbents.csv", folder / "incumbents.md"
    export_results(url, names, what="incumbents", format="csv", output=for_programs)
    export_results(url, names, what="incumbents", format="markdown", output=for_reading)


def _compare(
    pairs: list[Pair],
    url: str,
    *,
    listen: Listen,
    folder: Path,
    trials: int,
    accept: bool,
    logs: Logs,
) -> int:
    from cli.commands.compare import write_comparison
    from cli.commands.compare_runs import run_what_is_missing

    console = Console(stderr=True)
    for number, pair in enumerate(pairs, start=1):
        one_shot, final = pair
        with Store.open(url) as store:
            ended = run_what_is_missing(
                pair,
                store,
                console,
                trials=trials,
                quick=True,
                local=None,
                listen=listen,
                logs=logs,
                more=number < len(pairs),
                accept=accept,
            )
            if not ended:
                return go_on(console)
            write_comparison(store, one_shot.name, final.name, folder)
    return 0


def _check_names(entries: Sequence[Study | Campaign], paths: Sequence[Path]) -> None:
    first: dict[str, Path] = {}
    for entry, path in zip(entries, paths, strict=True):
        if entry.name in first:
            raise StudyError(
                f"wanted studies of different names, got {entry.name!r} in {first[entry.name]} and "
                f"in {path}; rename one, or leave it out"
            )
        first[entry.name] = path
