"""The signals that every search records."""

from configspace.signals import SIGNALS


def every_signal() -> str:
    """Return a table with one row per signal."""
    rows = ["| column | what it is | better if |", "|---|---|---|"]
    for name, signal in SIGNALS.items():
        unit = f", in {signal.unit}" if signal.unit else ""
        rows.append(f"| `{name}` | {signal.text}{unit} | {_DIRECTION[signal.direction]} |")
    return "\n".join(rows)


_DIRECTION = {1: "high", -1: "low"}
