"""The signals that a trial records."""

from configspace.signals import SIGNALS


def every_signal() -> str:
    """Return a table with one row per signal."""
    rows = [
        "| column | what it is | better if | recorded | objective |",
        "|---|---|---|---|---|",
    ]
    for signal in SIGNALS.values():
        unit = f", in {signal.unit}" if signal.unit else ""
        asked = "always" if signal.request is None else f"on request: `{signal.request}`"
        rows.append(
            f"| `{signal.column}` | {signal.text}{unit} | {_DIRECTION[signal.direction]} | {asked} "
            f"| `{signal.objective}` |"
        )
    return "\n".join(rows)


_DIRECTION = {1: "high", -1: "low"}
