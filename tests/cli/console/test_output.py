"""Where a command writes: to a file, or to standard output."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.console.output import check_files, make_folder, write_bytes
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


def test_a_written_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_bytes(b"table", path := tmp_path / "new" / "table.csv")
    assert path.read_bytes() == b"table"
    assert capsys.readouterr() == ("", f"wrote {path}\n")
    write_bytes(b"table", Path("-"))
    assert capsys.readouterr() == ("table", "")


@pytest.mark.parametrize("name", ["file/x.csv", "file/a/b/x.csv", "dangling/x.csv"])
def test_a_file_on_the_way_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    first = tmp_path / name.partition("/")[0]
    with pytest.raises(DartboardError, match=f"cannot write .*: '{first}' is not a folder; choose"):
        write_bytes(b"table", tmp_path / name)
    with pytest.raises(DartboardError, match=f"the folder .*: '{first}' is not a folder; choose"):
        make_folder((tmp_path / name).parent)
    assert list(tmp_path.rglob("*.csv")) == []


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
