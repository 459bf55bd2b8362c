"""The operations among which a search chooses on each edge (Sec. 4.3), and their parameters.

In a space with continuous parameters, the name of an operation may carry the values of its own:
``learnable_gradient(tau=0.2,dilation=1.5)``. A name has no space, and one text only, so that
equal names are equal operations.
"""

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # the settings check names of operations with this module
    from configspace.architecture import ArchitectureSettings

OPERATIONS = ("learnable_gradient", "cnn", "roll", "noise")
"""The built-in operations; the first two have a CNN n(u) with weights."""

ZERO = "zero"
"""The operation that removes an edge; only in the cell space, where it is the last one."""

PARAMETERS: Final = {
    "learnable_gradient": ("tau", "dilation"),
    "cnn": ("dilation",),
    "roll": (),
    "noise": ("tau",),
}
"""The continuous parameters of each operation, in the order in which a name has them."""

LARGEST_PARAMETER = 1_000_000
"""Largest value of a parameter; all are positive."""


def operations(architecture: "ArchitectureSettings") -> tuple[str, ...]:
    """Return the names of the operation set, in the order of α's last dimension."""
    if architecture.points:
        return architecture.points
    names = OPERATIONS if architecture.operations == "all" else OPERATIONS[:2]
    last = () if architecture.space == "sequential" else (ZERO,)
    return (*names, *architecture.custom, *last)


def parametric_name(base: str, **parameters: float) -> str:
    """Return the name of an operation with the values of its parameters.

    Args:
        base: A built-in operation; any operation if there are no parameters.
        **parameters: Values by name; those that are left out have their defaults: ``tau`` that of
            ``[architecture]``, ``dilation`` 1.

    Raises:
        ValueError: If the operation does not have a parameter, or a value is out of range.
    """
    known = PARAMETERS.get(base, ())
    for name, value in parameters.items():
        if name not in known:
            raise ValueError(f"{base!r}: expected parameters among {known}, got {name!r}")
        if not 0 < value <= LARGEST_PARAMETER:
            raise ValueError(
                f"{base!r}: expected {name} above 0 and up to {LARGEST_PARAMETER}, got {value}"
            )
    values = [f"{name}={float(parameters[name])!r}" for name in known if name in parameters]
    return f"{base}({','.join(values)})" if values else base


def parse_operation(name: str) -> tuple[str, dict[str, float]]:
    """Return an operation without its parameters, and their values: see `parametric_name`.

    Raises:
        ValueError: If the text is not one that `parametric_name` returns.
    """
    base, opened, rest = name.partition("(")
    if not opened:
        return name, {}
    pairs = re.fullmatch(r"(\w+=[^=,()]+(?:,\w+=[^=,()]+)*)\)", rest)
    if pairs is None:
        raise ValueError(
            "expected an operation such as 'learnable_gradient(tau=0.2,dilation=1.5)', "
            f"got {name!r}"
        )
    parameters = {}
    for pair in pairs[1].split(","):
        key, _, value = pair.partition("=")
        try:
            parameters[key] = float(value)
        except ValueError:
            raise ValueError(f"expected a number as {key} in {name!r}, got {value!r}") from None
    if (expected := parametric_name(base, **parameters)) != name:
        raise ValueError(f"expected the name {expected!r}, got {name!r}")
    return base, parameters
