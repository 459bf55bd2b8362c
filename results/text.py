"""Text of tables, for a terminal, as Markdown and as LaTeX, and text of numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from results.stats.estimates import Estimate

DASH = "–"
"""Text of a missing value."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table whose cells are text."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    """Whether each column contains numbers, which are aligned to the right."""


def text(grid: Grid) -> str:
    """Return a table as text for a terminal."""
    widths = [max(map(len, column)) for column in zip(grid.headings, *grid.rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        placed = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, grid.numeric, strict=True)
        ]
        return "  ".join(placed).rstrip()

    rule = "  ".join("─" * width for width in widths)
    return "".join(f"{one}\n" for one in (line(grid.headings), rule, *map(line, grid.rows)))


def markdown(grid: Grid) -> str:
    """Return a table as Markdown."""
    marks = tuple("--:" if right else "---" for right in grid.numeric)
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n"
        for row in (grid.headings, marks, *grid.rows)
    )


def latex(grid: Grid) -> str:
    """Return a table as LaTeX, in the style of the package booktabs."""
    columns = "".join("r" if right else "l" for right in grid.numeric)
    header, *rows = (
        " & ".join(escaped(cell) for cell in row) + r" \\" for row in (grid.headings, *grid.rows)
    )
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", header, r"\midrule"]
    return "\n".join([*lines, *rows, r"\bottomrule", r"\end{tabular}"]) + "\n"


_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "–": "--",
        "−": "$-$",
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    }
)


def escaped(text: str) -> str:
    """Return a text in which the special characters of LaTeX are escaped."""
    return text.translate(_LATEX)


def number_text(value: float, digits: int = 2, *, sign: bool = False) -> str:
    """Return a number as text, with a real minus sign; NaN is a dash.

    Args:
        value: The number.
        digits: Number of decimals.
        sign: Whether a positive number has a plus sign.
    """
    if math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞"
    return format(value, f"{'+' if sign else ''}.{digits}f").replace("-", "−")


def interval_text(estimate: Estimate, digits: int = 2, *, sign: bool = False) -> str:
    """Return an estimate as text, with its interval if it has one; see `number_text`."""
    value = number_text(estimate.value, digits, sign=sign)
    if math.isnan(estimate.low):
        return value
    low, high = (number_text(end, digits, sign=sign) for end in (estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"
