"""`dartboard compare`: re-run the incumbents of two studies, then write what they show."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import (
    DEFAULT_STORE,
    AcceptVersionChange,
    Device,
    Engine,
    StoreUrl,
    Threads,
    Workers,
    output_path,
)

if TYPE_CHECKING:
    from results.comparison.report import ComparisonReport
    from results.store.store import Store

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: dartboard compare quickstart-one-shot quickstart-final --trials 32 --quick"
)
def compare(
    one_shot: Annotated[
        str, typer.Argument(metavar="ONE_SHOT", help="Name of a study of the one-shot objective.")
    ],
    final: Annotated[
        str, typer.Argument(metavar="FINAL", help="Name of a study of the final objective.")
    ],
    store: StoreUrl = DEFAULT_STORE,
    trials: Annotated[int, typer.Option("--trials", min=2, help="Fresh seeds per incumbent.")] = 75,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Only re-run the two incumbents. Skip the runs at equal cost, on the other "
            "problem, and with exchanged training.",
        ),
    ] = False,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            parser=output_path,
            help="Folder of the page, the table and the plots.",
        ),
    ] = Path("exports"),
    workers: Workers = 0,
    threads: Threads = 0,
    device: Device = "auto",
    engine: Engine = "auto",
    accept_version_change: AcceptVersionChange = False,
) -> int:
    """Re-run the incumbents of two studies on fresh seeds, and write one page that compares them.

    Runs that the store already has are not repeated. If the store can only be read, none are added.
    """
    from cli.console.output import make_folder
    from cli.local.workers import LocalWorkers
    from cli.session.comparison import PART_TRIALS, run_comparison
    from cli.session.serve import Session
    from results.comparison.sides import check_comparable
    from results.store.store import Store
    from worker.engine.problem import problem_of

    with Store.open(store, create=False) as opened:
        studies = opened.study(one_shot), opened.study(final)
        check_comparable(*studies)
        problem_of(studies[0].problem)  # a custom problem may be missing on this machine
        if opened.read_only:
            check_reruns(opened, one_shot, final)
            print(f"{store} can only be read: no runs are added", file=sys.stderr)
            write_comparison(opened, one_shot, final, output)
            return 0
        make_folder(output)
        local = LocalWorkers.fill_cores(
            min(trials, PART_TRIALS),
            workers=workers,
            threads=threads,
            device=device,
            engine=engine,
        )
        session = Session(url=store, local=local, accept_version_change=accept_version_change)
        session.logs.set_up(session.console)
        if not run_comparison(studies, opened, session, trials=trials, quick=quick):
            return session.explain_resuming()
        write_comparison(opened, one_shot, final, output)
    return 0


def check_reruns(store: "Store", *names: str) -> None:
    """Check that a store to which no runs can be added has re-runs of the incumbents of studies.

    Args:
        store: The store, which can only be read.
        names: Names of the studies.

    Raises:
        StoreError: If there is no incumbent or it has no re-runs.
    """
    from configspace.errors import StoreError
    from results.analysis.incumbent import reruns_of_incumbent
    from results.frames.study import load_from

    for name in names:
        if reruns_of_incumbent(load_from(store, name, with_curves=False)).empty:
            raise StoreError(
                f"{store.url} has no re-runs of the incumbent of study {name!r}, and it can only "
                "be read, so none are added",
                advice="copy it to a folder of yours, and name the copy with --store",
            )


def write_comparison(store: "Store", one_shot: str, final: str, folder: Path) -> None:
    """Print the comparison of two studies, and write it as a page with table and plots.

    Args:
        store: The store of both studies and of the runs that compare them.
        one_shot: Name of a study of the one-shot objective.
        final: Name of a study of the final objective.
        folder: Folder to write to.
    """
    from cli.console.output import make_folder
    from results.comparison.figures import comparison_figure
    from results.comparison.page import page, save_page
    from results.comparison.report import comparison_report
    from results.comparison.runs import campaign_name, extra_trials
    from results.comparison.table import markdown
    from results.frames.campaign import load_campaign_from
    from results.frames.study import load_from
    from results.plots.study import trials_figure
    from results.plots.style import save

    pair = tuple(load_from(store, name, with_curves=False) for name in (one_shot, final))
    extra = None
    if (campaign := campaign_name(one_shot, final)) in store.campaign_names():
        extra = extra_trials((pair[0], pair[1]), load_campaign_from(store, campaign))
    found = comparison_report(pair[0], pair[1], extra)
    of_trials = trials_figure(pair[1])
    make_folder(folder)
    stem = folder / f"{one_shot}-against-{final}"
    written = [
        save_page(page(found, trials=of_trials), stem.with_name(f"{stem.name}.html")),
        save_page(markdown(found.comparison), stem.with_name(f"{stem.name}.md")),
        *save(comparison_figure(found.comparison), stem),
        *save(of_trials, folder / f"{final}-trials"),
    ]
    _print(found, written)


def _print(found: "ComparisonReport", written: list[Path]) -> None:
    from rich.console import Console
    from rich.table import Table

    from cli.console.tables import print_table
    from results.comparison.answers import accounting, answers
    from results.comparison.table import headings, rows

    console = Console()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings(found.comparison):
        table.add_column(heading)
    for row in rows(found.comparison):
        table.add_row(*row)
    print_table(console, table)
    given = answers(found)
    for answer in given:
        console.print()
        console.print(answer.question, style="bold", highlight=False, markup=False, soft_wrap=True)
        console.print(answer.text, highlight=False, markup=False, soft_wrap=True)
    console.print()
    console.print(accounting(given), highlight=False, markup=False, soft_wrap=True)
    console.print()
    line = f"wrote {', '.join(str(path) for path in written)}"
    console.print(line, highlight=False, markup=False, soft_wrap=True)
