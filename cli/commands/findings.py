"""`dartboard findings`: the paper's findings, one by one, put to our runs."""

import sys
from collections.abc import Sequence
from pathlib import Path

from configspace.errors import DartboardError
from results.paper.findings import findings
from results.paper.findings_report import report
from results.paper.pooling import tallies
from results.paper.sources import FIGURES, TABLES, campaign_frames, together


def show_findings(url: str, *, campaigns: Sequence[str], output: Path | None) -> None:
    """Write what the runs of some campaigns say of the paper's findings, as Markdown.

    Args:
        url: The store.
        campaigns: Those to take; none: the paper's, as far as the store has them.
        output: The file; none: standard output.

    Raises:
        DartboardError: If the store has none of them, or the file cannot be written.
    """
    every = (name for names in (*TABLES.values(), *FIGURES.values()) for name in names)
    frames = campaign_frames(url, tuple(dict.fromkeys(every)), campaigns, what="the report")
    names = [each.campaign.name for each in frames]
    text = report(findings(together(frames)), names, tallies(frames))
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DartboardError(f"cannot write {str(output)!r}: {error.strerror}") from error
