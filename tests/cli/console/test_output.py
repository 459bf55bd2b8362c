"""Where a command writes: to a file, or to standard output."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.console.output import check_files, make_folder
from configspace.errors import DartboardError
from configspace.python_path import ROOT

CODE = "from cli.console.output import write_bytes; from pathlib import Path; import sys; {call}"


@pytest.mark.parametrize("name", ["None", "Path('-')", "Path('/dev/stdout')"])
def test_a_dash_means_standard_output(name: str, tmp_path: Path) -> None:
    # Bytes as they are, whatever the encoding of the terminal: as in the file.
    ran = subprocess.run(
        [sys.executable, "-P", "-c", CODE.format(call=f"write_bytes(b'\\xc2\\xb7', {name})")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": ROOT},
        capture_output=True,
        check=True,
    )
    assert ran.stdout == b"\xc2\xb7"
    assert list(tmp_path.iterdir()) == []


def test_standard_output_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DartboardError, match="expected a folder for several files, got '-'"):
        make_folder(Path("-"))
    assert list(tmp_path.iterdir()) == []


def test_a_database_is_found_before_the_work(tmp_path: Path) -> None:
    database = tmp_path / "incumbents.csv"
    database.write_bytes(b"SQLite format 3\0")
    with pytest.raises(DartboardError, match=r"incumbents.csv': it is a SQLite database; rename"):
        check_files([tmp_path / "new.csv", database])
