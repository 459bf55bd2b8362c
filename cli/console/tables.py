"""Tables on standard output: for people on a terminal, for other programs in a pipe or a file."""

from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text


def is_terminal(console: Console) -> bool:
    """Return whether people read what a console prints; colors may be forced in a pipe, too."""
    return console.file.isatty()


def print_table(console: Console, table: Table) -> None:
    """Print a table that fits a terminal; elsewhere, its headings and rows as lines with tabs."""
    if is_terminal(console):
        console.print(table)
        return
    if table.show_header:
        print_lines(console, [[_plain(column.header) for column in table.columns]])
    cells = [[_plain(cell) for cell in column.cells] for column in table.columns]
    print_lines(console, zip(*cells, strict=True))


def print_lines(console: Console, rows: Iterable[Sequence[str]]) -> None:
    """Print one line per row, however long, with a tab between two cells."""
    for row in rows:
        console.file.write("\t".join(row) + "\n")  # not rich, which expands tabs


def _plain(cell: RenderableType) -> str:
    return cell.plain if isinstance(cell, Text) else Text.from_markup(str(cell)).plain
