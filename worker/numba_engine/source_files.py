"""The files that compiled code depends on, and the stamp of their text."""

import hashlib
import logging
from pathlib import Path

log = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent

NOT_COMPILED = (
    "alpha_hessian.py",
    "cnn_derivatives.py",
    "compile_lock.py",
    "compile_named.py",
    "eigenvalues.py",
    "engine.py",
    "environment.py",
    "first_calls.py",
    "training.py",
)
"""Files of this folder that compiled code does not depend on: they only call or start it."""

SHARED = (_FOLDER.parent / "engine" / "contract.py", _FOLDER.parent / "engine" / "philox.py")
"""Files of other folders that compiled code depends on."""


def source_files() -> list[Path]:
    """Return the files that compiled code depends on: the kernels, and files of other folders."""
    kernels = (path for path in _FOLDER.glob("*.py") if path.name not in NOT_COMPILED)
    return [*sorted(kernels), *SHARED]


def source_stamp() -> str:
    """Return the hash of `source_files` when this process imported the first of them."""
    return _STAMP


def sources_hash() -> str:
    """Return the hash of `source_files` as they are now."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in source_files())).hexdigest()


def sources_are_unchanged() -> bool:
    """Return whether the source files are unchanged since this process imported them.

    Kernels get addresses, which no type protects: code from one version of the files must never run
    with the memory layout of another. If a file has changed, the cache is neither read nor written,
    and the imported version is compiled in memory.
    """
    unchanged = sources_hash() == source_stamp()
    if not unchanged:
        log.warning("a kernel's file has changed since its import; restart to use the new version")
    return unchanged


# Computed before any kernel is compiled: every file of kernels imports this one first.
_STAMP = sources_hash()
