"""`dartboard signals` on a small store."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.commands.signals import signals
from cli.options import ReportFormat
from configspace.errors import DartboardError
from results.store.store import Store
from tests.results.made_up_campaign import filled_campaign, finish


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a store with a campaign of 60 runs, whose inherited score is perfect."""
    made = f"sqlite:///{tmp_path / 'store.db'}"
    random = np.random.default_rng(0)
    with Store.open(made) as store:
        campaign = filled_campaign(store, "many", trials=0)
        for index in range(60):
            psnr = 20 + random.normal()
            found = {"inherited": psnr, "entropy": float(random.normal())}
            scores = np.array([[20 + random.normal(), psnr]])
            finish(store, campaign.conditions[0], range(index, index + 1), scores, found)
    return made


def shown(url: str, format: ReportFormat = "text", **options: Path) -> None:
    signals(["many"], url, format=format, output=options.get("output"))


@pytest.mark.slow
def test_the_text_has_both_tables_and_the_verdict(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(url)
    out = capsys.readouterr().out
    assert out.startswith("blur, sequential, all operations, 50 epochs: 60 runs, 1 configuration\n")
    correlation, gain = (line for line in out.splitlines() if line.startswith("inherited "))
    assert correlation.split()[1:4] == ["1.00", "[1.00,", "1.00]"]
    assert gain.split()[1:4] == ["100%", "[100,", "100]"]
    assert "the best signal may be inherited." in out
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.slow
def test_csv_and_json_have_the_same_numbers(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown(url, "csv")
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    shown(url, "json")
    rows = json.loads(capsys.readouterr().out)
    values = [np.nan if row["spearman"] is None else row["spearman"] for row in rows]
    assert values == pytest.approx(table["spearman"].tolist(), nan_ok=True)
    assert set(table["scope"]) == {"within", "configurations", "overall"}


@pytest.mark.slow
def test_markdown_goes_to_a_file(url: str, tmp_path: Path) -> None:
    shown(url, "markdown", output=tmp_path / "signals.md")
    written = (tmp_path / "signals.md").read_text()
    assert written.startswith("## blur, sequential, all operations, 50 epochs")
    assert "| inherited | 1.00 [1.00, 1.00] |" in written


@pytest.mark.slow
def test_the_picture_is_written(url: str, tmp_path: Path) -> None:
    signals(["many"], url, picture=tmp_path / "signals.png")
    assert (tmp_path / "signals.png").read_bytes().startswith(b"\x89PNG")


def test_parquet_needs_a_file(url: str) -> None:
    with pytest.raises(DartboardError, match="expected a file for the format parquet"):
        shown(url, "parquet")
