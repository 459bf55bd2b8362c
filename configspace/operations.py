"""The operations among which a search chooses on each edge (Sec. 4.3)."""

from configspace.study import ArchitectureSettings

OPERATIONS = ("learnable_gradient", "cnn", "roll", "noise")
"""The built-in operations; the first two have a CNN n(u) with weights."""

ZERO = "zero"
"""The operation that removes an edge; only in the cell space, where it is the last one."""


def operations(architecture: ArchitectureSettings) -> tuple[str, ...]:
    """Return the names of the operation set, in the order of α's last dimension."""
    names = OPERATIONS if architecture.operations == "all" else OPERATIONS[:2]
    last = () if architecture.space == "sequential" else (ZERO,)
    return (*names, *architecture.custom, *last)
