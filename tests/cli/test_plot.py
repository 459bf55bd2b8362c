"""`dartboard plot`, from a small store."""

from pathlib import Path

import pytest

from cli.plot import plot
from configspace.errors import DartboardError
from results.store import Store
from tests.results.made_up import filled
from tests.results.made_up_campaign import filled_campaign


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a store with a campaign of two cells, and two studies."""
    made = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(made) as store:
        filled_campaign(store, "table1")
        filled(store, "blur-final")
        filled(store, "blur-one-shot", "one-shot")
    return made


def drawn(what: str, names: tuple[str, ...], url: str, output: Path | None = None) -> None:
    plot(what, names, url, campaigns=(), cells=(), output=output)


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("1", ()),
        ("2", ()),
        ("3", ()),
        ("anytime", ("blur-final", "blur-one-shot")),
        ("budgets", ("blur-final",)),
        ("search", ("blur-final",)),
        ("architecture", ("blur-final",)),
        ("architecture", ("table1",)),
    ],
)
def test_every_figure_is_written(
    what: str, names: tuple[str, ...], url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "figures" / "one.svg"
    drawn(what, names, url, path)
    assert path.read_bytes().startswith(b"<?xml")
    assert capsys.readouterr().out == f"wrote {path}\n"


def test_a_figure_without_a_name_is_a_png_named_as_what_it_shows(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    drawn("1", (), url)
    drawn("budgets", ("blur-final",), url)
    assert (tmp_path / "figure1.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "budgets-blur-final.png").exists()


@pytest.mark.parametrize(
    ("what", "names", "complaint"),
    [
        ("4", (), "dartboard campaign studies/paper/table3.toml' with this store"),
        ("10", (), "there is no figure '10'; there are 1 to 9 and anytime, budgets, search"),
        ("3", ("blur-final",), "figure 3 is the paper's and takes no study, got 'blur-final'"),
        ("anytime", (), "name a study or several"),
        ("budgets", ("a", "b"), "name one study, as in 'dartboard plot budgets STUDY', got 2"),
        ("search", ("lost",), "no study 'lost'"),
        ("architecture", ("lost",), "no study 'lost'"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(
    what: str, names: tuple[str, ...], complaint: str, url: str, tmp_path: Path
) -> None:
    with pytest.raises(DartboardError) as caught:
        drawn(what, names, url, tmp_path / "one.png")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "one.png").exists()
