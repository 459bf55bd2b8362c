"""Files that cannot be written are found before the work whose results go there."""

import os
from pathlib import Path

import pytest

from cli.console.output import check_files
from configspace.errors import DartboardError


def test_new_and_own_files_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("")
    check_files([tmp_path / "new.csv", tmp_path / "old.csv"])


def test_a_folder_in_the_way_is_found(tmp_path: Path) -> None:
    with pytest.raises(DartboardError, match="it is a folder; rename or remove it"):
        check_files([tmp_path])


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_file_names_its_owner(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch(mode=0o400)
    with pytest.raises(DartboardError, match=rf"belongs to user {os.geteuid()}, .*; remove it"):
        check_files([tmp_path / "a.csv"])
