"""`dartboard compare`: re-run the incumbents of studies, then write what they show."""

import sys
from collections.abc import Sequence
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
    epilog="Example: dartboard compare quickstart-one-shot quickstart-final --trials 32 --quick\n\n"
    "Example: dartboard compare blur-one-shot blur-inherited blur-final"
)
def compare(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="STUDY...",
            help="Names of two or more studies. One of them has the objective final: it is the "
            "reference, with which each other is compared.",
        ),
    ],
    store: StoreUrl = DEFAULT_STORE,
    trials: Annotated[int, typer.Option("--trials", min=2, help="Fresh seeds per incumbent.")] = 75,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Only re-run the incumbents. Skip the runs at equal cost, on the other "
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
    """Re-run the incumbents of studies on fresh seeds, and write one page that compares them.

    Runs that the store already has are not repeated. If the store can only be read, none are added.
    """
    from cli.console.output import make_folder
    from cli.local.workers import LocalWorkers
    from cli.session.comparison import PART_TRIALS, run_comparison
    from cli.session.serve import Session
    from results.comparison.studies import in_order
    from results.store.store import Store
    from worker.engine.problem import problem_of

    with Store.open(store, create=False) as opened:
        studies = in_order([opened.study(name) for name in names])
        ordered = [study.name for study in studies]
        problem_of(studies[0].problem)  # a custom problem may be missing on this machine
        if opened.read_only:
            check_reruns(opened, *ordered)
            print(f"{store} can only be read: no runs are added", file=sys.stderr)
            write_comparison(opened, ordered, output)
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
        write_comparison(opened, ordered, output)
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


def write_comparison(store: "Store", names: Sequence[str], folder: Path) -> None:
    """Print the comparison of studies, and write it as a page with tables and plots.

    Args:
        store: The store of the studies and of the runs that compare them.
        names: Names of the studies, the reference last.
        folder: Folder to write to.
    """
    from cli.console.output import make_folder
    from results.comparison.figures import comparison_figure
    from results.comparison.page import markdown, page, save_page
    from results.comparison.report import comparison_report
    from results.comparison.runs import campaign_name, extra_trials, pairs_of
    from results.comparison.studies import stem
    from results.frames.campaign import load_campaign_from
    from results.frames.study import load_from
    from results.plots.study import trials_figure
    from results.plots.style import save

    studies = [load_from(store, name, with_curves=False) for name in names]
    stored = store.campaign_names()
    campaigns = {
        name: load_campaign_from(store, name)
        for name in (campaign_name(other, names[-1]) for other in names[:-1])
        if name in stored
    }
    found = comparison_report(
        studies, [extra_trials(pair, campaigns) for pair in pairs_of(studies)]
    )
    of_trials = trials_figure(studies[-1])
    make_folder(folder)
    path = folder / stem(names)
    written = [
        save_page(page(found, trials=of_trials), path.with_name(f"{path.name}.html")),
        save_page(markdown(found), path.with_name(f"{path.name}.md")),
        *save(comparison_figure(found.comparison), path),
        *save(of_trials, folder / f"{names[-1]}-trials"),
    ]
    _print(found, written)


def _print(found: "ComparisonReport", written: list[Path]) -> None:
    from rich.console import Console
    from rich.table import Table

    from cli.console.tables import print_table
    from results.comparison.answers import accounting, answers
    from results.comparison.overview import overview_headings, overview_rows
    from results.comparison.table import headings, rows

    console = Console()

    def say(text: str, style: str = "") -> None:
        console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)

    tables = [(headings(found.comparison), rows(found.comparison))]
    if len(found.pairs) > 1:
        tables.insert(0, (overview_headings(found), overview_rows(found)))
    for head, lines in tables:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for each in head:
            table.add_column(each)
        for line in lines:
            table.add_row(*line)
        print_table(console, table)
        console.print()
    given = answers(found)
    for answer in given:
        say(answer.question, "bold")
        for part in answer.lines:
            say(str(part))
        console.print()
    say(accounting(given))
    console.print()
    say(f"wrote {', '.join(str(path) for path in written)}")
