"""`dartboard table`: our numbers beside the paper's, to a file or to standard output."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from configspace.errors import DartboardError
from results import text
from results.paper.hyperparameter_tables import SettingsNumber, settings_frame, settings_grid
from results.paper.pooling import tallies
from results.paper.published import Number
from results.paper.rows import pursuits, rows
from results.paper.sources import TABLES, campaign_frames, table_studies, together
from results.paper.table_csv import frame
from results.paper.table_text import grid, notes
from results.text import Grid

Format = Literal["text", "markdown", "latex", "csv"]


def show_table(
    number: int,
    url: str,
    *,
    campaigns: Sequence[str],
    studies: Sequence[str],
    failed_below: float,
    format: Format,
    output: Path | None,
) -> None:
    """Write one of the paper's tables with our numbers.

    Args:
        number: Of the table.
        url: The store.
        campaigns: Those to take, of Tables 1 to 4; none: the usual ones.
        studies: Those to take, of Tables 7 and 8; none: the usual ones.
        failed_below: PSNR in dB below which a run counts as failed.
        format: ``csv`` has the columns of the paper's own files, and more.
        output: The file; none: standard output.

    Raises:
        DartboardError: If there is no such table, the store lacks what it is made of, or the
            file cannot be written.
    """
    if number in TABLES:
        if studies:
            raise DartboardError(f"table {number} is made of a campaign; --study is for 7 and 8")
        text = _of_campaigns(cast(Number, number), url, campaigns, failed_below, format)
    elif number in (7, 8):
        if campaigns:
            raise DartboardError(f"table {number} is made of studies; --campaign is for 1 to 4")
        text = _of_studies(cast(SettingsNumber, number), url, studies, format)
    else:
        raise DartboardError(f"there is no table {number} here; there are 1, 2, 3, 4, 7 and 8")
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DartboardError(f"cannot write {str(output)!r}: {error.strerror}") from error


def _of_campaigns(
    number: Number, url: str, campaigns: Sequence[str], failed_below: float, format: Format
) -> str:
    frames = campaign_frames(url, TABLES[number], campaigns, what=f"table {number}")
    trials = together(frames)
    found = rows(number, trials, tallies(frames), failed_below=failed_below)
    if format == "csv":
        return frame(number, found).to_csv(index=False, lineterminator="\n")
    return _written(grid(number, found), format, notes(number, found, pursuits(trials)))


def _of_studies(number: SettingsNumber, url: str, studies: Sequence[str], format: Format) -> str:
    found = table_studies(url, number, studies)
    if format == "csv":
        return settings_frame(number, found).to_csv(index=False, lineterminator="\n")
    return _written(settings_grid(number, found), format, [])


def _written(table: Grid, format: Format, notes: Sequence[str]) -> str:
    match format:
        case "markdown":
            said = "".join(f"\n{note}\n" for note in notes)
            return text.markdown(table) + said
        case "latex":
            said = "".join(f"\n\n{text.escaped(note)}" for note in notes)
            return text.latex(table) + (f"{said}\n" if said else "")
        case _:
            said = "".join(f"\n{note}\n" for note in notes)
            return text.text(table) + said
