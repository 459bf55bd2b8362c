"""Custom problems and operations: classes in a user's module, identified by the file's digest.

A module is imported by its Python name, from Python's usual places, then from the current folder
and from those of PYTHONPATH. Its file is not sent to other machines. Only its digest is, so that a
worker with another file reports that instead of computing different results.
"""

import hashlib
import importlib.util
import re
import sys
from pathlib import Path

from configspace.errors import StudyError
from configspace.foreign_text import described
from configspace.python_path import user_folders

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def is_custom(name: str) -> bool:
    """Return whether a name has the form of a custom class, ``package.module:Class``."""
    return _NAME.fullmatch(name) is not None


def source_digest(name: str) -> str:
    """Return the SHA-256 of the file of a custom class, without importing it.

    Args:
        name: ``package.module:Class``.

    Raises:
        StudyError: If the module does not exist, is not a file of Python source, or is in a package
            that cannot be imported.
    """
    module = name.partition(":")[0]
    folders = user_folders()
    sys.path += [folder for folder in folders if folder not in sys.path]
    try:
        found = importlib.util.find_spec(module)
    except (Exception, SystemExit) as error:  # this imports its package, which may raise anything
        if not _is_missing(module, error):
            package = module.rpartition(".")[0]
            raise StudyError(
                f"cannot import {package!r} for {name!r}: {described(error)}"
            ) from error
        found = None
    if found is None or found.origin is None or not found.origin.endswith(".py"):
        raise StudyError(
            f"cannot find {module.replace('.', '/')}.py for {name!r} in the current folder "
            f"({folders[0]}) or on Python's path",
            advice="run dartboard in the folder of that file, or add the folder to PYTHONPATH",
        )
    if hidden := _hidden(module, folders):
        raise StudyError(
            f"expected {name!r} to be in {str(hidden)!r}, but Python has another module "
            f"{module.partition('.')[0]!r}",
            advice="rename the file, and the study's reference to it",
        )
    try:
        return hashlib.sha256(Path(found.origin).read_bytes()).hexdigest()
    except OSError as error:
        raise StudyError(f"cannot read {found.origin!r}: {error.strerror}") from error


def _is_missing(module: str, error: BaseException) -> bool:
    """Return whether an error says that a module, or a package of it, does not exist."""
    if isinstance(error, ModuleNotFoundError):
        return error.name is not None and f"{module}.".startswith(f"{error.name}.")
    return isinstance(error, ValueError) and module in sys.modules  # it has no file


def _hidden(module: str, folders: list[str]) -> Path | None:
    """Return a user's file of a module if Python finds another module of that name first."""
    name = module.partition(".")[0]
    found = importlib.util.find_spec(name)
    origin = None if found is None or found.origin is None else Path(found.origin)
    files = [
        path
        for folder in map(Path, folders)
        for path in (folder / f"{name}.py", folder / name / "__init__.py")
        if path.is_file()
    ]
    if not files or origin is None or any(origin.resolve() == path.resolve() for path in files):
        return None
    return files[0]
