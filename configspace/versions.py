"""The versions of the packages on which a result depends."""

import functools
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata

from configspace.foreign_text import cleaned

PACKAGES = ("dartboard", "torch", "numba", "numpy", "hpbandster", "ConfigSpace")
"""Packages whose version may change a result."""


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of each package that is installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = cleaned(metadata.version(package))
        except metadata.PackageNotFoundError:  # Numba is optional on machines with a GPU
            continue
    return found


def differing(
    first: Mapping[str, str], second: Mapping[str, str], packages: Iterable[str] = PACKAGES
) -> dict[str, tuple[str, str]]:
    """Return the packages that both sides have, in different versions.

    Local version labels such as ``+cu126`` are ignored: one release computes on many devices.

    Args:
        first: Versions by package, as `versions` returns them.
        second: Versions to compare with.
        packages: Names of the packages to compare.

    Returns:
        Both versions of each package that differs: that of the first side, then that of the second.
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
