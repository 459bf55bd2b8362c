"""The operations that a search may put on an edge (Sec. 4.3)."""

from configspace.study import ArchitectureSettings

OPERATIONS = ("learnable_gradient", "cnn", "roll", "noise")
"""All of them; the first two carry a mapping n(u) with weights."""


def operations(architecture: ArchitectureSettings) -> tuple[str, ...]:
    """Return the names of the operation set, in the order of α's last dimension."""
    return OPERATIONS if architecture.operations == "all" else OPERATIONS[:2]
