"""`dartboard methods` on a small store."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from cli.commands.methods import methods
from cli.options import ReportFormat
from configspace.errors import DartboardError, StoreError
from tests.results.analysis.made_up_methods import group, normal


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a store with a campaign of three methods."""
    made = f"sqlite:///{tmp_path / 'store.db'}"
    scores = {
        "darts": normal(20.0, n=40),
        "darts-es": normal(23.0, n=40, seed=1),
        "random": normal(20.0, n=40, seed=2),
    }
    group(made, scores)
    return made


def shown(url: str, format: ReportFormat = "text", **options: Path) -> None:
    methods(["many"], url, format=format, output=options.get("output"))


def test_the_text_has_scores_differences_and_verdicts(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(url)
    out = capsys.readouterr().out
    assert out.startswith("blur, sequential, all operations, 50 epochs, H1\n\nmethod ")
    assert "higher: darts-es; undecided: random." in out
    assert out.endswith("no verdict.\n")
    assert max(map(len, out.splitlines())) <= 100


def test_csv_and_json_have_the_same_numbers(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown(url, "csv")
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    shown(url, "json")
    rows = json.loads(capsys.readouterr().out)
    assert [row["mean"] for row in rows] == pytest.approx(table["mean"].tolist())
    assert table["method"].tolist() == ["darts", "darts-es", "random"]


def test_markdown_goes_to_a_file(url: str, tmp_path: Path) -> None:
    shown(url, "markdown", output=tmp_path / "methods.md")
    written = (tmp_path / "methods.md").read_text()
    assert written.startswith("## blur, sequential, all operations, 50 epochs, H1\n\n| method |")
    assert "\n- Next to darts (intervals of 97.5%): higher: darts-es;" in written
    assert "\n## Columns\n" in written


def test_latex_has_the_tables_alone(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown(url, "latex")
    out = capsys.readouterr().out
    assert out.count(r"\begin{tabular}") == 2
    assert out.endswith("\\end{tabular}\n")


def test_parquet_has_one_row_per_method(url: str, tmp_path: Path) -> None:
    shown(url, "parquet", output=tmp_path / "methods.parquet")
    assert len(pd.read_parquet(tmp_path / "methods.parquet")) == 3
    with pytest.raises(DartboardError, match="expected a file for the format parquet"):
        shown(url, "parquet")


@pytest.mark.slow
def test_the_picture_is_written(url: str, tmp_path: Path) -> None:
    methods(["many"], url, picture=tmp_path / "methods.png")
    assert (tmp_path / "methods.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_campaign_is_named(url: str) -> None:
    with pytest.raises(StoreError, match="no campaign 'other'"):
        methods(["other"], url)
