"""The operations that a search may put on an edge (Sec. 4.3)."""

from configspace.study import ArchitectureSettings

OPERATIONS = ("learnable_gradient", "cnn", "roll", "noise")
"""All of them; the first two carry a mapping n(u) with weights."""

ZERO = "zero"
"""The operation that takes an edge away; in the cell space alone, and the last one there."""


def operations(architecture: ArchitectureSettings) -> tuple[str, ...]:
    """Return the names of the operation set, in the order of α's last dimension."""
    names = OPERATIONS if architecture.operations == "all" else OPERATIONS[:2]
    last = () if architecture.space == "sequential" else (ZERO,)
    return (*names, *architecture.custom, *last)
