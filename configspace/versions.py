"""Which versions of what have a part in a result."""

import functools
import platform
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
