"""`dartboard table`, from a small store."""

import io
from pathlib import Path

import pandas as pd
import pytest

from cli.table import Format, show_table
from configspace.errors import DartboardError
from results.store import Store
from tests.results.made_up import filled
from tests.results.made_up_campaign import filled_campaign


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a store with a campaign of two cells, and a study."""
    made = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(made) as store:
        filled_campaign(store, "table1")
        filled(store, "blur-final")
    return made


def shown(
    number: int,
    url: str,
    *,
    campaigns: tuple[str, ...] = (),
    studies: tuple[str, ...] = (),
    format: Format = "text",
    output: Path | None = None,
) -> None:
    show_table(
        number,
        url,
        campaigns=campaigns,
        studies=studies,
        failed_below=10.0,
        format=format,
        output=output,
    )


def test_table_1_shows_our_runs_beside_the_papers(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(1, url)
    said = capsys.readouterr().out
    (darts,) = (
        line for line in said.splitlines() if line.startswith("Blur          all ops.    D")
    )
    assert darts.split()[4:6] == ["6", darts.split()[5]]
    assert "22.86" in darts
    assert "Random Search (best of 5)" in said
    assert "bootstrap of the runs" in said


def test_csv_can_be_read_back(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown(1, url, format="csv")
    found = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(found.columns)[:4] == ["space", "ops", "data", "method"]
    assert list(found.columns)[4:8] == ["max", "mean", "median", "runtime_s"]
    assert sorted(found["n"].unique()) == [0, 6]


@pytest.mark.parametrize(
    ("format", "begins"),
    [("text", "Data "), ("markdown", "| Data |"), ("latex", r"\begin{tabular}{lllr")],
)
@pytest.mark.parametrize("number", [1, 7])
def test_every_table_is_written_in_every_form(
    number: int, format: Format, begins: str, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "table.txt"
    shown(number, url, format=format, output=path)
    wanted = begins if number == 1 else begins.replace("Data", "Hyperparameter").replace("lr", "ll")
    assert path.read_text(encoding="utf-8").startswith(wanted)


def test_other_campaigns_and_studies_can_be_named(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(3, url, campaigns=("table1",))
    assert "BOHB-Blur" in capsys.readouterr().out
    shown(8, url, studies=("blur-final",))
    assert "ours (blur-final)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("number", "options", "complaint"),
    [
        (2, {}, "dartboard campaign studies/paper/table2.toml' with this store"),
        (8, {}, "dartboard run studies/paper/"),
        (5, {}, "there is no table 5 here; there are 1, 2, 3, 4, 7 and 8"),
        (1, {"studies": ("x",)}, "--study is for 7 and 8"),
        (7, {"campaigns": ("x",)}, "--campaign is for 1 to 4"),
    ],
)
def test_what_cannot_be_shown_is_one_clear_line(
    number: int, options: dict[str, tuple[str, ...]], complaint: str, url: str
) -> None:
    with pytest.raises(DartboardError) as caught:
        shown(
            number,
            url,
            campaigns=options.get("campaigns", ()),
            studies=options.get("studies", ()),
        )
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_written_is_one_clear_line(url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DartboardError, match="cannot write"):
        shown(1, url, output=tmp_path / "file" / "table.md")
