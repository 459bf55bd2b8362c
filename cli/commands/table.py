"""`dartboard table`: our numbers next to the paper's, as text, Markdown, LaTeX or CSV."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from cli.options import DEFAULT_STORE, CampaignNames, OutputFile, StoreUrl
from configspace.errors import DartboardError

if TYPE_CHECKING:
    from results.paper.hyperparameter_tables import SettingsNumber
    from results.paper.published import Number
    from results.text import Grid

Format = Literal["text", "markdown", "latex", "csv"]

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: dartboard table 1 --format markdown -o table1.md\n\n"
    "Example: dartboard table 7 --study blur-one-shot --study blur-final"
)
def table(
    number: Annotated[
        int,
        typer.Argument(metavar="NUMBER", help="Number of the paper's table: 1, 2, 3, 4, 7 or 8."),
    ],
    store: StoreUrl = DEFAULT_STORE,
    campaign: CampaignNames = None,
    study: Annotated[
        list[str] | None,
        typer.Option(
            "--study",
            metavar="NAME",
            help="Study to use in Table 7 or 8 instead of the default ones. Repeat it for several.",
        ),
    ] = None,
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
    format: Annotated[Format, typer.Option("--format", help="Format of the table.")] = "text",
    output: OutputFile = None,
) -> None:
    """Show a table of the paper with our numbers next to its own.

    Ours come with the number of trials and with confidence intervals.
    """
    from cli.console.output import write_text
    from results.paper.sources import TABLES

    if number in TABLES:
        if study:
            raise DartboardError(
                f"expected --campaign for table {number}, got --study",
                advice="use --study only for tables 7 and 8",
            )
        text = _of_campaigns(cast("Number", number), store, campaign or [], failed_below, format)
    elif number in (7, 8):
        if campaign:
            raise DartboardError(
                f"expected --study for table {number}, got --campaign",
                advice="use --campaign only for tables 1 to 4",
            )
        text = _of_studies(cast("SettingsNumber", number), store, study or [], format)
    else:
        raise DartboardError(f"expected table 1, 2, 3, 4, 7 or 8, got {number}")
    write_text(text, output)


def _of_campaigns(
    number: "Number", url: str, campaigns: Sequence[str], failed_below: float, format: Format
) -> str:
    from results.paper.pooling import tallies
    from results.paper.rows import rows, times_to_target
    from results.paper.sources import TABLES, campaign_frames, together
    from results.paper.table_csv import frame
    from results.paper.table_text import grid, notes

    frames = campaign_frames(url, TABLES[number], campaigns, what=f"table {number}")
    trials = together(frames)
    found = rows(number, trials, tallies(frames), failed_below=failed_below)
    if format == "csv":
        return frame(number, found).to_csv(index=False, lineterminator="\n")
    return _written(grid(number, found), format, notes(number, found, times_to_target(trials)))


def _of_studies(number: "SettingsNumber", url: str, studies: Sequence[str], format: Format) -> str:
    from results.paper.hyperparameter_tables import settings_frame, settings_grid
    from results.paper.sources import table_studies

    found = table_studies(url, number, studies)
    if format == "csv":
        return settings_frame(number, found).to_csv(index=False, lineterminator="\n")
    return _written(settings_grid(number, found), format, [])


def _written(table: "Grid", format: Format, notes: Sequence[str]) -> str:
    from results import text

    match format:
        case "markdown":
            return text.markdown(table) + "".join(f"\n{note}\n" for note in notes)
        case "latex":
            below = "".join(f"\n\n{text.escaped(note)}" for note in notes)
            return text.latex(table) + (f"{below}\n" if below else "")
        case _:
            return text.text(table) + "".join(f"\n{note}\n" for note in notes)
