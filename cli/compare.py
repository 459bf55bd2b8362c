"""`dartboard compare`: re-run two incumbents on fresh seeds, then say what they show."""

import shlex
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli.cores import available_cores, split
from cli.folder import make_folder
from cli.listen import Listen
from cli.logs import Logs
from cli.run import go_on, serve
from cli.workers import LocalWorkers
from configspace.errors import DartboardError
from configspace.study import Study
from configspace.versions import versions
from master.lock import study_lock
from master.reruns import Reruns
from master.source import Chain
from results.comparison import check_comparable, compare
from results.comparison_table import headings, markdown, rows, verdict
from results.frames import load_from
from results.incumbents import incumbent_of
from results.scatter import comparison_figure, save, study_figure
from results.store import Store

PART_TRIALS = 8
"""Trials a job of re-runs: enough to share out among threads, few enough to lose little."""


def compare_studies(
    one_shot: str,
    final: str,
    url: str,
    *,
    trials: int,
    folder: Path,
    workers: int,
    threads: int,
    device: str,
    engine: str,
    accept_version_change: bool = False,
) -> int:
    """Re-run what is missing, then print the table and write it with its pictures.

    Args:
        one_shot: Name of a study of the one-shot objective.
        final: Name of a study of the final objective, of the same problem.
        url: The store.
        trials: Fresh seeds for each incumbent.
        folder: Where the table and the pictures go.
        workers: Local workers; 0: as many as fill the cores.
        threads: Threads a worker; 0: likewise.
        device: Where the workers compute.
        engine: What computes.
        accept_version_change: Whether to re-run under other versions than the results so far.

    Returns:
        The exit code.

    Raises:
        DartboardError: If the studies cannot be compared, or the store or the folder not be used.
    """
    console = Console(stderr=True)
    with Store.open(url, create=False) as store:
        studies = [store.study(name) for name in (one_shot, final)]
        check_comparable(*studies)
        make_folder(folder)
        count, threads = split(
            available_cores(), min(trials, PART_TRIALS), workers=workers, threads=threads
        )
        local = LocalWorkers(count, device=device, engine=engine, threads=threads)
        ended = rerun(
            studies, store, console, trials=trials, local=local, accept=accept_version_change
        )
        if not ended:
            return go_on(console)
    report(url, one_shot, final, folder)
    return 0


def rerun(
    studies: list[Study],
    store: Store,
    console: Console,
    *,
    trials: int,
    local: LocalWorkers | None,
    listen: Listen | None = None,
    logs: Logs | None = None,
    more: bool = False,
    accept: bool = False,
) -> bool:
    """Re-run both incumbents as far as the store lacks it; whether that came to its end.

    Args:
        studies: A one-shot and a final study, both in the store.
        store: Where the re-runs go.
        console: Where progress is shown.
        trials: Fresh seeds for each incumbent.
        local: Workers to start here, or None to wait for others.
        listen: Where to wait for them; by default on any free port, for this machine alone.
        logs: How the log is written.
        more: Whether something else is served on the same address right after.
        accept: Whether to go on under other versions than the results so far.

    Raises:
        DartboardError: If all re-runs of an incumbent failed, or the store cannot be used.
    """
    with ExitStack() as locks:
        for study in studies:
            locks.enter_context(study_lock(store.url, study.name))
        sources = []
        for study in studies:
            incumbent = incumbent_of(load_from(store, study.name, with_curves=False))
            sources.append(
                Reruns(
                    study,
                    store,
                    configuration=incumbent.configuration,
                    hyperparameters=incumbent.hyperparameters,
                    epochs=incumbent.epochs,
                    trials=trials,
                    batch=PART_TRIALS,
                )
            )
        source = Chain(sources)
        if source.progress().epochs_done < source.progress().epochs_expected:
            for study in studies:
                store.take_up(study.name, versions(), accept_version_change=accept)
            title = f"[bold]re-runs[/] · {trials} fresh seeds for each incumbent"
            ending = serve(
                source,
                store,
                console,
                title,
                local=local,
                phases=2,
                listen=listen,
                logs=logs,
                more=more,
            )
            if ending.state == "stopped":
                return False
        for each in sources:
            _tell_failures(each, console, trials)
    return True


def _tell_failures(source: Reruns, console: Console, trials: int) -> None:
    """Say how much of an incumbent's re-runs failed, if any did.

    Raises:
        DartboardError: If all did: there is nothing to compare.
    """
    progress = source.progress()
    if not progress.crashed + progress.lost:
        return
    failed = [
        f"{count} {'job' if count == 1 else 'jobs'} {what}"
        for count, what in (
            (progress.crashed, "crashed (larger --trials take fresh seeds)"),
            (progress.lost, "lost (the next 'dartboard compare' tries again)"),
        )
        if count
    ]
    told = (
        f"study {progress.study!r}: {source.finished_trials} of {trials} re-runs of its incumbent "
        f"finished, {' and '.join(failed)}; 'dartboard export {shlex.quote(progress.study)} "
        "--what evaluations' has each reason in its column message"
    )
    if not source.finished_trials:
        raise DartboardError(told)
    console.print(told, highlight=False, markup=False, soft_wrap=True)


def report(url: str, one_shot: str, final: str, folder: Path) -> None:
    """Print what two incumbents' re-runs show, and write it with its pictures."""
    comparison = compare(url, one_shot, final)
    console = Console()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings(comparison):
        table.add_column(heading)
    for row in rows(comparison):
        table.add_row(*row)
    console.print(table)
    console.print()
    console.print(verdict(comparison), highlight=False, markup=False, soft_wrap=True)
    written = [folder / f"{one_shot}-against-{final}.md"]
    written[0].write_text(markdown(comparison))
    stem = folder / f"{one_shot}-against-{final}"
    written += save(comparison_figure(comparison), stem)
    with Store.open(url, create=False) as store:
        frames = load_from(store, final, with_curves=False)
    written += save(study_figure(frames), folder / f"{final}-trials")
    line = f"wrote {', '.join(str(path) for path in written)}"
    console.print(line, highlight=False, markup=False, soft_wrap=True)
