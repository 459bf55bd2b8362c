"""`dartboard signals`: how well each signal predicts the final score."""

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import DEFAULT_STORE, OutputFile, StoreUrl, output_path
from configspace.errors import DartboardError

if TYPE_CHECKING:
    from results.analysis.signal_runs import RunGroup
    from results.analysis.signals import JudgedGroup
    from results.stats.correlations import Kind

Format = Literal["text", "csv", "parquet", "json", "markdown", "latex"]

WIDTH = 100
"""Number of characters per line of the text."""

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
    format: Annotated[Format, typer.Option("--format", help="Format of the result.")] = "text",
    output: OutputFile = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture",
            metavar="FILE",
            parser=output_path,
            help="Also draw correlations and gains: a .png, .pdf or .svg file.",
        ),
    ] = None,
) -> None:
    """Show how well each signal of a search predicts the final score.

    Runs that are comparable form a group: one problem, space, operation set, number of epochs and
    method. For each group and signal: its correlation with the final score, what selecting the best
    of several runs by it brings, and a verdict by the rules in docs/reference/rules.md.
    """
    from cli.console.output import write_bytes, write_text
    from results.analysis.signal_runs import load_groups
    from results.analysis.signal_table import frame

    if format == "parquet" and output is None:
        raise DartboardError(
            "expected a file for the format parquet, which is not text",
            advice="name one with -o FILE",
        )
    judged = _judged(load_groups(store, names))
    if format == "csv" or format == "parquet" or format == "json":
        from results.export import encoded

        write_bytes(encoded(frame(judged), format), output)
    else:
        write_text("\n".join(_written(one, coefficient, format) for one in judged), output)
    if picture is not None:
        from results.plots.signals import signals_figure
        from results.plots.style import write

        write(signals_figure(judged), picture)
        print(f"wrote {picture}", file=sys.stderr)


def _judged(groups: "Sequence[RunGroup]") -> "list[JudgedGroup]":
    """Judge each group; a terminal shows the progress, which takes seconds for many runs."""
    from rich.console import Console
    from rich.progress import Progress

    from results.analysis.signals import judge, steps

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("resampling", total=sum(map(steps, groups)))
        return [judge(group, advance=lambda: progress.advance(task)) for group in groups]


def _written(judged: "JudgedGroup", coefficient: "Kind", format: Format) -> str:
    from results import text
    from results.analysis.signal_table import correlation_grid, selection_grid
    from results.analysis.signal_text import heading, sentences

    grids = correlation_grid(judged, coefficient), selection_grid(judged)
    notes = sentences(judged)
    match format:
        case "markdown":
            below = "".join(f"- {note}\n" for note in notes)
            return "\n".join([f"## {heading(judged)}\n", *map(text.markdown, grids), below])
        case "latex":
            return "\n".join(map(text.latex, grids))
        case _:
            return "\n".join([f"{heading(judged)}\n", *map(text.text, grids), _wrapped(notes)])


def _wrapped(notes: Sequence[str]) -> str:
    lines = (fill(note, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for note in notes)
    return "".join(f"{line}\n" for line in lines)
