"""Reports in each format."""

import json
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from cli.console.report import WIDTH, Section, check_format, write_picture, write_report
from cli.options import ReportFormat
from configspace.errors import DartboardError
from results.text import Grid

GRID = Grid(("name", "score"), (("darts", "20"),), (False, True))
EMPTY = Grid(("nothing",), (), (False,))
LONG = " ".join(["word"] * 40)


def shown(capsys: pytest.CaptureFixture[str], format: ReportFormat, *notes: str) -> str:
    sections = [Section("blur", (GRID, EMPTY), [LONG])]
    frame = pd.DataFrame({"name": ["darts"], "score": [20.0]})
    write_report(sections, notes, frame, format=format, output=None)
    return capsys.readouterr().out


def test_text_has_tables_and_wrapped_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    heading, *lines = shown(capsys, "text", "a note").splitlines()
    assert heading == "blur"
    assert lines[1].split() == ["name", "score"]
    assert " ".join(line.strip() for line in lines[5:8]) == LONG
    assert max(map(len, lines)) <= WIDTH
    assert lines[-1] == "a note"


def test_markdown_has_a_heading_for_the_notes(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "markdown", "a note")
    assert out.startswith("## blur\n\n| name | score |\n")
    assert out.endswith(f"\n- {LONG}\n\n## Columns\n\n- a note\n")
    assert "## Columns" not in shown(capsys, "markdown")


def test_latex_has_the_tables_alone(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "latex", "a note")
    assert out.startswith(r"\begin{tabular}")
    assert out.endswith("\\end{tabular}\n")


def test_other_formats_have_the_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(shown(capsys, "json")) == [{"name": "darts", "score": 20.0}]
    assert shown(capsys, "csv") == "name,score\ndarts,20.0\n"


def test_only_parquet_needs_a_file(tmp_path: Path) -> None:
    check_format("csv", None)
    check_format("parquet", tmp_path / "table.parquet")
    with pytest.raises(DartboardError, match="expected a file for the format parquet"):
        check_format("parquet", None)


def test_a_wrong_ending_of_a_picture_is_known_before(tmp_path: Path) -> None:
    check_format("text", None, None, tmp_path / "picture.PDF")
    with pytest.raises(DartboardError, match=r"ends in \.png, \.pdf, \.svg, got '\.jpg'"):
        check_format("text", None, None, tmp_path / "picture.jpg")


def test_a_picture_is_written_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "picture.svg"
    write_picture(Figure(), path)
    assert path.read_text().startswith("<?xml")
    assert capsys.readouterr().err == f"wrote {path}\n"
