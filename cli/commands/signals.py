"""`dartboard signals`: how well each signal predicts the final score."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import DEFAULT_STORE, Format, OutputFile, Picture, StoreUrl

if TYPE_CHECKING:
    from results.analysis.signal_runs import RunGroup
    from results.analysis.signals import JudgedGroup

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: dartboard signals blur-final table1\n\n"
    "Example: dartboard signals table1 --format csv -o signals.csv --picture signals.png"
)
def signals(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME", help="Names of studies and campaigns, also mixed."),
    ],
    store: StoreUrl = DEFAULT_STORE,
    coefficient: Annotated[
        Literal["spearman", "kendall", "pearson"],
        typer.Option(
            "--coefficient",
            help="Correlation that the text, Markdown and LaTeX show. Verdicts use Spearman's. "
            "The other formats contain all three.",
        ),
    ] = "spearman",
    format: Format = "text",
    output: OutputFile = None,
    picture: Picture = None,
) -> None:
    """Show how well each signal of a search predicts the final score.

    Runs that are comparable form a group: one problem, space, operation set, number of epochs and
    method. For each group and signal: its correlation with the final score, what selecting the best
    of several runs by it brings, and a verdict by the rules in docs/reference/rules.md.
    """
    from cli.console.report import Section, check_format, write_picture, write_report
    from results.analysis.signal_runs import load_groups
    from results.analysis.signal_table import correlation_grid, frame, selection_grid
    from results.analysis.signal_text import heading, sentences

    check_format(format, output)
    judged = _judged(load_groups(store, names))
    sections = [
        Section(
            heading(one), (correlation_grid(one, coefficient), selection_grid(one)), sentences(one)
        )
        for one in judged
    ]
    write_report(sections, (), frame(judged), format=format, output=output)
    if picture is not None:
        from results.plots.signals import signals_figure

        write_picture(signals_figure(judged), picture)


def _judged(groups: "Sequence[RunGroup]") -> "list[JudgedGroup]":
    """Judge each group; a terminal shows the progress, which takes seconds for many runs."""
    from rich.console import Console
    from rich.progress import Progress

    from results.analysis.signals import judge, steps

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("resampling", total=sum(map(steps, groups)))
        return [judge(group, advance=lambda: progress.advance(task)) for group in groups]
