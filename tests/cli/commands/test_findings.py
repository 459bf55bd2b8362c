"""`dartboard findings` on a small store."""

from pathlib import Path

import pytest

from cli.commands.findings import findings
from configspace.errors import DartboardError
from results.store.store import Store
from tests.results.made_up_campaign import filled_campaign


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(made) as store:
        filled_campaign(store, "table1", trials=12)
        filled_campaign(store, "mine")
    return made


def test_the_paper_s_campaigns_are_the_default(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    findings(url)
    text = capsys.readouterr().out
    assert text.startswith("# The paper's findings\n\nFrom the runs of table1. ")
    assert "Blur, all ops.: DARTS − Random Search, means: " in text
    assert "(n = 12)" in text


def test_named_campaigns_are_written_to_a_file(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    findings(url, ["mine", "table1"], path := tmp_path / "new" / "findings.md")
    assert capsys.readouterr() == ("", f"wrote {path}\n")
    written = (tmp_path / "new" / "findings.md").read_text(encoding="utf-8")
    assert "From the runs of mine, table1. " in written


def test_crashed_trials_come_before_the_verdicts(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(url) as store:
        filled_campaign(store, "unstable", trials=14, crashed=2)
    findings(url, ["unstable"])
    introduction = capsys.readouterr().out.split("|")[0]
    assert (
        "Blur, all ops., DARTS, H1: 2 of 14 trials crashed and are not counted; "
        "Blur, all ops., Random, H1: 2 of 14 trials crashed and are not counted.\n"
    ) in introduction
    findings(url)
    assert "crashed" not in capsys.readouterr().out


def test_an_unknown_campaign_is_an_error(url: str) -> None:
    with pytest.raises(DartboardError, match="no campaign 'lost'"):
        findings(url, ["lost"])


def test_an_unwritable_file_is_an_error(url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DartboardError, match="cannot write"):
        findings(url, output=tmp_path / "file" / "findings.md")
