"""What a user brings along: a class in a module of theirs, known by the digest of its file.

A module is named as Python names it, and looked for where Python looks, in the current folder last
of all. Its file travels to no other machine: what travels is its digest, so that a worker with
another file says so instead of computing something else.
"""

import hashlib
import importlib.util
import re
import sys
from pathlib import Path

from configspace.errors import StudyError

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def is_custom(name: str) -> bool:
    """Return whether a name is that of a user's own class, ``package.module:Class``."""
    return _NAME.fullmatch(name) is not None


def source_digest(name: str) -> str:
    """Return the SHA-256 of the file in which a user's class is, without importing it.

    Args:
        name: ``package.module:Class``.

    Raises:
        StudyError: If there is no such module, or it has no file of Python source.
    """
    module = name.partition(":")[0]
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):  # a package above it is missing, or broken
        found = None
    if found is None or found.origin is None or not found.origin.endswith(".py"):
        raise StudyError(
            f"cannot find {module.replace('.', '/')}.py for {name!r}: looked in the current folder "
            f"({here}) and where Python looks; start from the folder that has it, or name that in "
            "PYTHONPATH"
        )
    try:
        return hashlib.sha256(Path(found.origin).read_bytes()).hexdigest()
    except OSError as error:
        raise StudyError(f"cannot read {found.origin!r}: {error.strerror}") from error
