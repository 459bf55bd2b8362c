"""`dartboard methods`: the methods of a campaign next to each other."""

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import DEFAULT_STORE, OutputFile, StoreUrl, output_path
from configspace.errors import DartboardError

if TYPE_CHECKING:
    from results.analysis.methods import JudgedMethods

Format = Literal["text", "csv", "parquet", "json", "markdown", "latex"]

WIDTH = 100
"""Number of characters per line of the text."""

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: dartboard methods robustdarts\n\n"
    "Example: dartboard methods robustdarts --format markdown -o methods.md --picture methods.png"
)
def methods(
    names: Annotated[list[str], typer.Argument(metavar="CAMPAIGN", help="Names of campaigns.")],
    store: StoreUrl = DEFAULT_STORE,
    failed_below: Annotated[
        float,
        typer.Option(
            "--failed-below",
            metavar="DB",
            min=-1000,
            max=1000,
            help="PSNR below which a trial has failed.",
        ),
    ] = 10.0,
    format: Annotated[Format, typer.Option("--format", help="Format of the result.")] = "text",
    output: OutputFile = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture",
            metavar="FILE",
            parser=output_path,
            help="Also draw all runs and the means of the methods: a .png, .pdf or .svg file.",
        ),
    ] = None,
) -> None:
    """Compare the methods of a campaign with DARTS and with random architectures at equal cost.

    Conditions that differ only in their method form a group. The table has the scores and the cost
    of each method, and its differences to DARTS, to the best of as many random architectures as
    its cost allows, and for R-DARTS to the best of four searches of DARTS. The verdicts follow the
    rules in docs/reference/rules.md.
    """
    from cli.console.output import write_bytes, write_text
    from results.analysis.method_runs import load_methods
    from results.analysis.method_table import frame
    from results.analysis.methods import judge

    if format == "parquet" and output is None:
        raise DartboardError(
            "expected a file for the format parquet, which is not text",
            advice="name one with -o FILE",
        )
    judged = [judge(group, failed_below=failed_below) for group in load_methods(store, names)]
    if format == "csv" or format == "parquet" or format == "json":
        from results.export import encoded

        write_bytes(encoded(frame(judged), format), output)
    else:
        write_text(_written(judged, format), output)
    if picture is not None:
        from results.plots.methods import methods_figure
        from results.plots.style import write

        write(methods_figure(judged), picture)
        print(f"wrote {picture}", file=sys.stderr)


def _written(groups: "Sequence[JudgedMethods]", format: Format) -> str:
    from results import text
    from results.analysis.method_table import gains_grid, notes, scores_grid, sentences

    table = {"markdown": text.markdown, "latex": text.latex}.get(format, text.text)
    parts: list[str] = []
    for judged in groups:
        if format != "latex":
            parts.append("## " * (format == "markdown") + judged.group.name + "\n")
        parts += [table(grid) for grid in (scores_grid(judged), gains_grid(judged)) if grid.rows]
        parts.append(_listed(sentences(judged), format))
    if format == "markdown":
        parts.append("## Columns\n")
    parts.append(_listed(notes(groups), format))
    return "\n".join(part for part in parts if part)


def _listed(notes: Sequence[str], format: Format) -> str:
    match format:
        case "markdown":
            return "".join(f"- {note}\n" for note in notes)
        case "latex":
            return ""
        case _:
            return "".join(
                f"{fill(note, WIDTH, subsequent_indent='  ', break_on_hyphens=False)}\n"
                for note in notes
            )
