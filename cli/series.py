"""`dartboard master`: serve studies to workers elsewhere, in turn, then write what they show.

What reads and draws results is imported when there are some: it takes a second or two, for which
the workers would wait.
"""

from itertools import product
from pathlib import Path

from rich.console import Console

from cli.folder import make_folder
from cli.listen import Listen
from cli.logs import Logs
from cli.run import go_on, run_bohb
from configspace.errors import StudyError
from configspace.study import Study, load_study
from results.store import Store

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
    """Serve studies in turn to workers that are started elsewhere; return the exit code.

    Args:
        paths: The study files.
        url: The store.
        listen: Where, and for whom.
        export_to: Folder for the incumbents of all studies and for the comparison of each one-shot
            study with each final one that differs in nothing else; the same workers do the re-runs
            that it takes. None: nothing is written.
        trials: Fresh seeds for each incumbent that is compared.
        accept_version_change: Whether to go on under other versions than the results so far.
        logs: How the log is written.

    Raises:
        DartboardError: If a study file, the store, the folder, the port or the credentials are not
            what they should be.
    """
    studies = [load_study(path) for path in paths]
    _check_names(studies, paths)
    listen.check()  # before a store is made for nothing
    logs = logs or Logs("info")
    pairs: list[Pair] = []
    if export_to is not None:
        make_folder(export_to)
    for number, study in enumerate(studies, start=1):
        if export_to is not None and len(studies) == number > 1:
            pairs = comparable_pairs(studies)
        status = run_bohb(
            study,
            url,
            listen=listen,
            local=None,
            accept=accept_version_change,
            logs=logs,
            more=number < len(studies) or bool(pairs),
        )
        if status:
            return status
    if export_to is None:
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
    from results.comparison import check_comparable

    found = []
    for one_shot, final in product(studies, studies):
        try:
            check_comparable(one_shot, final)
        except StudyError:
            continue
        found.append((one_shot, final))
    return found


def _write_incumbents(studies: list[Study], url: str, folder: Path) -> None:
    from cli.export import export_results

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
    from cli.compare import report, rerun

    console = Console(stderr=True)
    for number, pair in enumerate(pairs, start=1):
        more = number < len(pairs)
        with Store.open(url) as store:
            ended = rerun(
                list(pair),
                store,
                console,
                trials=trials,
                local=None,
                listen=listen,
                logs=logs,
                accept=accept,
                more=more,
            )
        if not ended:
            return go_on(console)
        one_shot, final = pair
        report(url, one_shot.name, final.name, folder)
    return 0


def _check_names(studies: list[Study], paths: list[Path]) -> None:
    first: dict[str, Path] = {}
    for study, path in zip(studies, paths, strict=True):
        if study.name in first:
            raise StudyError(
                f"wanted studies of different names, got {study.name!r} in {first[study.name]} and "
                f"in {path}; rename one, or leave it out"
            )
        first[study.name] = path
