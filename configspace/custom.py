"""Custom problems and operations: classes in a user's module, identified by the file's digest.

A module is imported by its Python name, from Python's usual places and then from the current
folder. Its file is not sent to other machines. Only its digest is, so that a worker with another
file reports that instead of computing different results.
"""

import hashlib
import importlib.util
import re
import sys
from pathlib import Path

from configspace.errors import StudyError

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def is_custom(name: str) -> bool:
    """Return whether a name has the form of a custom class, ``package.module:Class``."""
    return _NAME.fullmatch(name) is not None


def source_digest(name: str) -> str:
    """Return the SHA-256 of the file of a custom class, without importing it.

    Args:
        name: ``package.module:Class``.

    Raises:
        StudyError: If the module does not exist, or is not a file of Python source.
    """
    module = name.partition(":")[0]
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):  # its package is missing or broken
        found = None
    if found is None or found.origin is None or not found.origin.endswith(".py"):
        raise StudyError(
            f"cannot find {module.replace('.', '/')}.py for {name!r} in the current folder "
            f"({here}) or on Python's path",
            advice="run dartboard in the folder of that file, or add the folder to PYTHONPATH",
        )
    try:
        return hashlib.sha256(Path(found.origin).read_bytes()).hexdigest()
    except OSError as error:
        raise StudyError(f"cannot read {found.origin!r}: {error.strerror}") from error
