"""`dartboard compare`: re-run two incumbents on fresh seeds, then say what they show."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli.commands.compare_runs import PART_TRIALS, run_what_is_missing
from cli.commands.run import go_on
from cli.console.folder import make_folder
from cli.local.cores import available_cores, split
from cli.local.workers import LocalWorkers
from results.comparison.answers import answers
from results.comparison.page import page, save_page
from results.comparison.report import Report, report
from results.comparison.runs import campaign_name, runs_of
from results.comparison.sides import check_comparable
from results.comparison.table import headings, markdown, rows
from results.frames.campaign import load_campaign_from
from results.frames.study import load_from
from results.plots.scatter import comparison_figure, save, study_figure
from results.store.store import Store
from worker.engine.problem import problem_of


def compare_studies(
    one_shot: str,
    final: str,
    url: str,
    *,
    trials: int,
    quick: bool,
    folder: Path,
    workers: int,
    threads: int,
    device: str,
    engine: str,
    accept_version_change: bool = False,
) -> int:
    """Run what is missing, then print the table and write it with the page and its pictures.

    Args:
        one_shot: Name of a study of the one-shot objective.
        final: Name of a study of the final objective, of the same problem.
        url: The store.
        trials: Fresh seeds for each incumbent.
        quick: Whether to be content with the re-runs: nothing is run that the dearer study had
            at the other's cost, nothing on the other problem, and no architecture is trained in
            the other study's way.
        folder: Where the page, the table and the pictures go.
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
        studies = store.study(one_shot), store.study(final)
        check_comparable(*studies)
        problem_of(studies[0].problem)  # a user's own may not be here
        make_folder(folder)
        count, threads = split(
            available_cores(), min(trials, PART_TRIALS), workers=workers, threads=threads
        )
        local = LocalWorkers(count, device=device, engine=engine, threads=threads)
        if not run_what_is_missing(
            studies,
            store,
            console,
            trials=trials,
            quick=quick,
            local=local,
            accept=accept_version_change,
        ):
            return go_on(console)
        write_comparison(store, one_shot, final, folder)
    return 0


def write_comparison(store: Store, one_shot: str, final: str, folder: Path) -> None:
    """Print what two studies' incumbents show, and write it with the page and its pictures."""
    pair = tuple(load_from(store, name, with_curves=False) for name in (one_shot, final))
    runs = None
    if (campaign := campaign_name(one_shot, final)) in store.campaign_names():
        runs = runs_of((pair[0], pair[1]), load_campaign_from(store, campaign))
    found = report(pair[0], pair[1], runs)
    trials_figure = study_figure(pair[1])
    stem = folder / f"{one_shot}-against-{final}"
    written = [
        save_page(page(found, trials=trials_figure), stem.with_name(f"{stem.name}.html")),
        save_page(markdown(found.comparison), stem.with_name(f"{stem.name}.md")),
        *save(comparison_figure(found.comparison), stem),
        *save(trials_figure, folder / f"{final}-trials"),
    ]
    _print(found, written)


def _print(found: Report, written: list[Path]) -> None:
    console = Console()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings(found.comparison):
        table.add_column(heading)
    for row in rows(found.comparison):
        table.add_row(*row)
    console.print(table)
    for answer in answers(found):
        console.print()
        console.print(answer.question, style="bold", highlight=False, markup=False, soft_wrap=True)
        console.print(answer.text, highlight=False, markup=False, soft_wrap=True)
    console.print()
    line = f"wrote {', '.join(str(path) for path in written)}"
    console.print(line, highlight=False, markup=False, soft_wrap=True)
