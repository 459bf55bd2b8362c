"""Which versions of what have a part in a result."""

import functools
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata

PACKAGES = ("dartboard", "torch", "numba", "numpy", "hpbandster", "ConfigSpace")
"""The packages whose version may change a number."""


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of each package that is installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # Numba is optional where there is a GPU
            continue
    return found


def differing(
    first: Mapping[str, str], second: Mapping[str, str], packages: Iterable[str] = PACKAGES
) -> dict[str, tuple[str, str]]:
    """Return the packages that both know and of which they have different versions.

    How a package was built is left out, such as ``+cu126``: one release computes on many devices.

    Args:
        first: Versions by package, as `versions` returns them.
        second: Other such versions.
        packages: Which packages to compare.

    Returns:
        Both versions of each package that differs.
    """
    return {
        package: (first[package], second[package])
        for package in packages
        if package in first
        and package in second
        and _release(first[package]) != _release(second[package])
    }


def _release(version: str) -> str:
    return version.partition("+")[0]
