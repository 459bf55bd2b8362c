"""Reports of commands that judge runs: as text with tables and sentences, or all numbers."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from cli.console.output import write_bytes, write_text
from cli.options import ReportFormat
from configspace.errors import DartboardError
from results import text
from results.text import Grid

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

WIDTH = 100
"""Number of characters per line of the sentences."""


@dataclass(frozen=True, slots=True)
class Section:
    """What a report says of one group of runs."""

    heading: str
    grids: Sequence[Grid]
    """Tables; those without rows are left out."""
    sentences: Sequence[str]
    """What the group shows."""


def check_format(format: ReportFormat, output: Path | None, *pictures: Path | None) -> None:
    """Check that a report can be written in a format, before it is made.

    Args:
        format: The format.
        output: File of the report; None: standard output.
        pictures: Files of its pictures; None: no picture.

    Raises:
        DartboardError: If the format is no text, and there is no file, or the ending of a picture
            is not that of a picture.
    """
    if format == "parquet" and output is None:
        raise DartboardError(
            "expected a file for the format parquet, which is not text",
            advice="name one with -o FILE",
        )
    for path in filter(None, pictures):
        from results.plots.style import check_ending

        check_ending(path)


def write_report(
    sections: Sequence[Section],
    notes: Sequence[str],
    frame: "pd.DataFrame",
    *,
    format: ReportFormat,
    output: Path | None,
) -> None:
    """Write a report to a file, or to standard output if there is no file.

    Args:
        sections: The groups.
        notes: What the columns of all groups mean.
        frame: Every number, for the formats that other programs read.
        format: The format; LaTeX has the tables alone.
        output: The file.

    Raises:
        DartboardError: If the file cannot be written.
    """
    if format == "csv" or format == "parquet" or format == "json":
        from results.export import encoded

        write_bytes(encoded(frame, format), output)
    else:
        write_text(_written(sections, notes, format), output)


def write_picture(figure: "Figure", path: Path) -> None:
    """Write a figure, and name its file on standard error.

    Raises:
        DartboardError: If the ending is not that of a picture, or the file cannot be written.
    """
    from results.plots.style import write

    write(figure, path)
    print(f"wrote {path}", file=sys.stderr)


def _written(sections: Sequence[Section], notes: Sequence[str], format: ReportFormat) -> str:
    table = {"markdown": text.markdown, "latex": text.latex}.get(format, text.text)
    parts: list[str] = []
    for section in sections:
        if format != "latex":
            parts.append("## " * (format == "markdown") + section.heading + "\n")
        parts += [table(grid) for grid in section.grids if grid.rows]
        parts.append(_listed(section.sentences, format))
    if format == "markdown" and notes:
        parts.append("## Columns\n")
    parts.append(_listed(notes, format))
    return "\n".join(part for part in parts if part)


def _listed(sentences: Sequence[str], format: ReportFormat) -> str:
    match format:
        case "markdown":
            return "".join(f"- {sentence}\n" for sentence in sentences)
        case "latex":
            return ""
        case _:
            lines = (
                fill(sentence, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
                for sentence in sentences
            )
            return "".join(f"{line}\n" for line in lines)
