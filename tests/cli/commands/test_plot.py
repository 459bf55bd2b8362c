"""`dartboard plot` on a small store."""

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from cli.commands.plot import plot
from configspace.errors import DartboardError
from results.frames.campaign import load_campaign
from results.plots.style import write
from results.store.store import Store
from tests.results.made_up import filled
from tests.results.made_up_campaign import filled_campaign
from tests.results.paper.made_up_paper import filled_paper
from tests.results.plots.pictures import clouds, legend, title


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a store with a campaign of two conditions, and two studies."""
    made = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(made) as store:
        filled_campaign(store, "table1")
        filled(store, "blur-final")
        filled(store, "blur-one-shot", "one-shot")
    return made


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a store with the paper's campaigns, of few trials."""
    made = f"sqlite:///{tmp_path_factory.mktemp('paper') / 'store.db'}"
    filled_paper(made)
    return made


def figure_of(number: int, url: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> Figure:
    """Run the command for a figure of the paper, and return the figure that it wrote."""
    seen: list[Figure] = []

    def keep(figure: Figure, path: Path) -> None:
        seen.append(figure)
        write(figure, path)

    monkeypatch.setattr("results.plots.style.write", keep)
    drawn(str(number), (), url, path)
    assert path.read_bytes().startswith(b"<?xml")
    return seen[0]


def drawn(what: str, names: tuple[str, ...], url: str, output: Path | None = None) -> None:
    plot(what, list(names), url, output=output)


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "points"),
    [
        (3, [[5, 3], [5, 5]]),
        (4, [[4, 4], [5, 5], [6, 6], [6, 6]]),
        (5, [[4, 6], [4, 6]]),  # two campaigns, which share the trials of one condition
        (6, [[5, 3], [3, 5]]),
        (7, [[4, 6], [5, 3], [6, 4]]),
        (8, [[3, 5], [4, 6]]),
    ],
)
def test_figures_have_one_point_per_finished_trial(
    number: int,
    points: list[list[int]],
    paper: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = figure_of(number, paper, tmp_path / "figure.svg", monkeypatch)
    assert [clouds(axes) for axes in found.axes] == points
    for axes, panel in zip(found.axes, points, strict=True):
        ns = [line.rsplit("n = ")[-1] for line in legend(axes)]
        assert ns == [str(n) for n in (*panel, sum(panel))]


@pytest.mark.slow
def test_figure_9_has_the_best_architectures(
    paper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = figure_of(9, paper, tmp_path / "figure.svg", monkeypatch)
    assert [title(axes) for axes in found.axes] == ["Blur, all ops.", "Blur, good ops."]
    trials = load_campaign(paper, "table2").trials
    for axes, operations, n in zip(found.axes, ("all", "good"), (3, 5), strict=True):
        own = trials[trials["condition"] == f"cell-{operations}-blur-darts-H1"]
        (said,) = (text.get_text() for text in axes.texts if "best of n" in text.get_text())
        assert f"{own['architecture_psnr'].max():.2f} dB, best of n = {n}" in said


@pytest.mark.slow
def test_the_default_file_is_a_png(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    drawn("1", (), url)
    drawn("budgets", ("blur-final",), url)
    assert (tmp_path / "figure1.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "budgets-blur-final.png").exists()


@pytest.mark.parametrize(
    ("what", "names", "message"),
    [
        ("4", (), "dartboard campaign studies/paper/table3.toml' with this store"),
        (
            "10",
            (),
            "expected figure 1 to 9, anytime, budgets, search, architecture, eigenvalue, "
            "plasticity, got '10'",
        ),
        ("3", ("blur-final",), "expected no study for figure 3 of the paper, got 'blur-final'"),
        ("anytime", (), "expected one study or several, got none"),
        (
            "budgets",
            ("a", "b"),
            "expected one study, got 2; name one, as in 'dartboard plot budgets STUDY'",
        ),
        ("search", ("lost",), "no study 'lost'"),
        ("architecture", ("lost",), "no study 'lost'"),
    ],
)
def test_an_impossible_figure_is_one_line(
    what: str, names: tuple[str, ...], message: str, url: str, tmp_path: Path
) -> None:
    with pytest.raises(DartboardError) as caught:
        drawn(what, names, url, tmp_path / "one.png")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "one.png").exists()


@pytest.mark.parametrize("what", ["eigenvalue", "plasticity"])
@pytest.mark.parametrize("name", ["table1", "blur-final"])
def test_curves_that_were_not_recorded_are_named(what: str, name: str, url: str) -> None:
    with pytest.raises(DartboardError, match=f"expected trials of '{name}' with {what}"):
        drawn(what, (name,), url)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["eigenvalue", "plasticity"])
def test_recorded_curves_are_written(
    what: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = load_campaign(url, "table1", with_curves=True)
    recorded = frames.curves.assign(
        eigenvalue=0.5, plasticity_sup="0.1 0.2", plasticity_edge="0.3 0.4"
    )
    monkeypatch.setattr(
        "results.frames.campaign.load_campaign",
        lambda url, name, with_curves: replace(frames, curves=recorded),
    )
    drawn(what, ("table1",), url, tmp_path / "curves.svg")
    assert (tmp_path / "curves.svg").read_bytes().startswith(b"<?xml")
