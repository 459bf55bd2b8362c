"""Running as a user whom file permissions restrict, also if root runs the tests."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Run as another user if root runs the tests; root may read and write anything."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)  # the real user too: os.access asks for that one
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@contextmanager
def shared_folder() -> Iterator[Path]:
    """Make a folder like /tmp, in which every user may make files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o1777)
        yield folder
