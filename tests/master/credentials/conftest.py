"""A folder of credentials."""

from pathlib import Path

import pytest

from master.credentials.authority import initialize
from master.credentials.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "credentials")
    initialize(folder, ["desk.example.org", "192.168.0.7"])
    return folder
