"""`dartboard export`: results as a table, to a file or to standard output."""

import sys
from pathlib import Path

from results.export import Format, What, export


def export_results(
    url: str, studies: list[str], *, what: What, format: Format, output: Path | None
) -> None:
    """Write a table of some studies' results.

    Raises:
        DartboardError: If a study is unknown, or the table cannot be written.
    """
    text = export(url, studies, what=what, format=format, output=output)
    if text is None:
        print(f"wrote {output}", file=sys.stderr)
    else:
        sys.stdout.write(text)
