"""The folder that tables and pictures go to."""

import tempfile
from pathlib import Path

from configspace.errors import DartboardError


def make_folder(folder: Path) -> None:
    """Make the folder that tables and pictures go to, unless it is there.

    Raises:
        DartboardError: If nothing can be written there; better known before hours of work.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise DartboardError(f"cannot write into the folder {folder}: {error.strerror}") from error
