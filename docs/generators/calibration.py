"""The kept table of the calibration: how often each verdict is false."""

import json
from pathlib import Path

from benchmarks.calibration import Cell, markdown

_KEPT = Path(__file__).parents[1] / "reference" / "calibration.json"


def error_rates() -> str:
    """Return the error rates and the power of each rule as Markdown."""
    return markdown([Cell(**cell) for cell in json.loads(_KEPT.read_text())])
