"""`dartboard table` on a small store."""

import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.commands.table import Format, table
from configspace.architecture import ArchitectureSettings
from configspace.errors import DartboardError
from results.frames.campaign import load_campaign
from results.frames.study import load
from results.stats.estimates import LEAST
from results.store.store import Store
from tests.results.made_up import filled
from tests.results.made_up_campaign import filled_campaign
from tests.results.paper.made_up_paper import filled_paper


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a store with a campaign of two conditions, and a study."""
    made = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(made) as store:
        filled_campaign(store, "table1")
        filled(store, "blur-final")
    return made


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a store with the paper's campaigns, of few trials, and studies."""
    made = f"sqlite:///{tmp_path_factory.mktemp('paper') / 'store.db'}"
    filled_paper(made)
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
    table(number, url, list(campaigns), list(studies), format=format, output=output)


def test_table_1_shows_our_runs_and_the_paper_s(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(1, url)
    text = capsys.readouterr().out
    (darts,) = (
        line for line in text.splitlines() if line.startswith("Blur          all ops.    D")
    )
    assert darts.split()[4:6] == ["6", darts.split()[5]]
    assert "22.86" in darts
    assert "Random Search (best of 5)" in text
    assert "bootstrap of the runs" in text


def test_csv_can_be_read_back(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown(1, url, format="csv")
    found = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert list(found.columns)[:4] == ["space", "ops", "data", "method"]
    assert list(found.columns)[4:8] == ["max", "mean", "median", "runtime_s"]
    assert sorted(found["n"].unique()) == [0, 6]


FORMATS: tuple[Format, ...] = ("text", "markdown", "latex", "csv")


@dataclass(frozen=True)
class Shown:
    """A row of Tables 1 to 4: its condition, and how to find it."""

    campaign: str
    condition: str
    begins: tuple[str, str, str]
    keys: dict[str, str]
    """Values that identify its line of CSV."""
    prefix: str = ""
    """Prefix of its columns in CSV."""


ROWS = {
    1: Shown(
        "table1",
        "sequential-all-blur-random-H1",
        ("Blur", "all ops.", "Random"),
        {"data": "blur", "ops": "all", "method": "random"},
    ),
    2: Shown(
        "table2",
        "cell-good-downsampling-nets-only-H1",
        ("Downsampling", "good ops.", "Nets only"),
        {"data": "downsampling", "ops": "good", "method": "nets_only"},
    ),
    3: Shown(
        "table3",
        "sequential-all-blur-darts-BOHB-Blur",
        ("Blur", "all ops.", "BOHB-Blur"),
        {"data": "blur", "hyperparameters": "BOHB-Blur"},
        "all_",
    ),
    4: Shown(
        "table4",
        "cell-good-blur-darts-BOHB-one-shot-Blur",
        ("Blur", "good ops.", "BOHB-one-shot-Blur"),
        {"data": "blur", "hyperparameters": "BOHB-one-shot-Blur"},
        "good_",
    ),
}
INCUMBENTS = {
    7: ("blur-one-shot", "one_shot_psnr", "BOHB-one-shot-Blur"),
    8: ("blur-cell-final", "architecture_psnr", "BOHB-Non-Seq-Blur"),
}
"""Study, score and neighboring column of the paper, for Tables 7 and 8."""


def begins(value: float, n: int) -> str:
    """Return the start of a column with a value, and with its interval if the runs are enough."""
    return f"{value:.2f} [" if n >= LEAST else f"{value:.2f}"


def psnrs_of(row: Shown, url: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    trials = load_campaign(url, row.campaign).trials
    own = trials["condition"] == row.condition
    return trials.loc[own, "architecture_psnr"].to_numpy(dtype=np.float64)


def scores_of(study: str, column: str, url: str) -> tuple[float, float]:
    """Return the best mean score of a configuration on 50 epochs, and the mean of its re-runs."""
    trials = load(url, study).trials
    scores, full = trials[column].to_numpy(dtype=np.float64), trials["epochs"].to_numpy() == 50
    again, names = trials["purpose"].to_numpy() == "rerun", trials["configuration"].to_numpy()
    means = [scores[full & ~again & (names == name)].mean() for name in set(names[full & ~again])]
    return max(means), scores[again].mean()


def cells_of(text: str, format: Format) -> list[list[str]]:
    """Return the lines of a table, each as a list of its columns."""
    separator = {"text": r"\s{2,}", "markdown": r"\s*\|\s*", "latex": r"\s*(?:&|\\\\)\s*"}[format]
    assert text.startswith({"text": "", "markdown": "| ", "latex": r"\begin{tabular}{ll"}[format])
    lines = text.replace(r"\%", "%").splitlines()
    return [[cell for cell in re.split(separator, line) if cell] for line in lines]


def written(number: int, url: str, format: Format, folder: Path) -> str:
    path = folder / "new" / f"table.{format}"
    shown(number, url, format=format, output=path)
    return path.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("number", ROWS)
def test_tables_1_to_4_agree_with_the_trials(
    number: int, format: Format, paper: str, tmp_path: Path
) -> None:
    row = ROWS[number]
    psnrs = psnrs_of(row, paper)
    n, best, mean, median = len(psnrs), psnrs.max(), psnrs.mean(), np.median(psnrs)
    text = written(number, paper, format, tmp_path)
    if format == "csv":
        table = pd.read_csv(io.StringIO(text))
        same = [table[key] == value for key, value in row.keys.items()]
        (line,) = table[np.logical_and.reduce(same)].to_dict("records")
        assert line[f"{row.prefix}n"] == n
        found = [line[row.prefix + name] for name in ("max", "mean", "median")]
        np.testing.assert_allclose(found, [best, mean, median], atol=5e-5)
        return
    (cells,) = (line for line in cells_of(text, format) if tuple(line[:3]) == row.begins)
    assert cells[3:5] == [str(n), f"{best:.2f}"]
    assert cells[6].startswith(begins(mean, n))
    assert cells[8].startswith(begins(median, n))


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("number", INCUMBENTS)
def test_tables_7_and_8_agree_with_the_trials(
    number: int, format: Format, paper: str, tmp_path: Path
) -> None:
    study, column, neighbor = INCUMBENTS[number]
    observed, again = scores_of(study, column, paper)
    text = written(number, paper, format, tmp_path)
    if format == "csv":
        table = pd.read_csv(io.StringIO(text))
        (line,) = table[(table["name"] == neighbor) & (table["source"] == "ours")].to_dict(
            "records"
        )
        assert line["observed_psnr"] == pytest.approx(observed, abs=5e-5)
        assert line["rerun_mean"] == pytest.approx(again, abs=5e-5)
        return
    rows = {cells[0]: cells for cells in cells_of(text, format) if cells}
    heading = rows["Hyperparameter"]
    assert heading[heading.index(f"dartboard ({study})") - 1] == f"{neighbor}, paper"
    (observed_row,) = (
        cell for cell in rows["Observed PSNR (dB), best of n"] if cell.startswith(f"{observed:.2f}")
    )
    assert observed_row.endswith(load(paper, study).study.objective)
    assert any(cell.startswith(f"{again:.2f}") for cell in rows["Re-run, mean PSNR (dB) [95%]"])


@pytest.mark.slow
def test_crashed_trials_are_reported(paper: str, tmp_path: Path) -> None:
    text = written(4, paper, "text", tmp_path)
    where = "Blur, good ops., DARTS, BOHB-one-shot-Blur, cell space"
    assert f"\n{where}: 1 of 5 trials crashed and are not counted.\n" in text
    assert text.count("crashed") == 1
    table = pd.read_csv(io.StringIO(written(4, paper, "csv", tmp_path)))
    crashed = table.set_index(["data", "hyperparameters"])["good_crashed"]
    assert crashed.pop(("blur", "BOHB-one-shot-Blur")) == 1
    assert not crashed.any()


def test_other_campaigns_and_studies_can_be_named(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(3, url, campaigns=("table1",))
    assert "BOHB-Blur" in capsys.readouterr().out
    shown(8, url, studies=("blur-final",))
    assert "dartboard (blur-final)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("number", "options", "message"),
    [
        (2, {}, "dartboard campaign studies/paper/table2.toml' with this store"),
        (8, {}, "dartboard run studies/paper/"),
        (5, {}, "expected table 1, 2, 3, 4, 7 or 8, got 5"),
        (1, {"studies": ("x",)}, "use --study only for tables 7 and 8"),
        (7, {"campaigns": ("x",)}, "use --campaign only for tables 1 to 4"),
    ],
)
def test_an_impossible_table_is_one_line(
    number: int, options: dict[str, tuple[str, ...]], message: str, url: str
) -> None:
    with pytest.raises(DartboardError) as caught:
        shown(
            number,
            url,
            campaigns=options.get("campaigns", ()),
            studies=options.get("studies", ()),
        )
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_differing_conditions_are_not_pooled(url: str) -> None:
    with Store.open(url) as store:
        filled_campaign(store, "narrow", architecture=ArchitectureSettings(channels=8))
    shown(1, url, campaigns=("narrow",))
    with pytest.raises(DartboardError) as caught:
        shown(1, url, campaigns=("table1", "narrow"))
    assert str(caught.value) == (
        "expected equal settings in one row of a table, got conditions "
        "'table1/sequential-all-blur-darts-H1' (there) and "
        "'narrow/sequential-all-blur-darts-H1' (here), which differ: "
        "architecture.channels: 16 there, 8 here; name one campaign with --campaign"
    )


def test_an_unwritable_file_is_an_error(url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DartboardError, match="cannot write"):
        shown(1, url, output=tmp_path / "file" / "table.md")
