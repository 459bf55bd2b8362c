"""Scatter plots, by what they draw."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from configspace.errors import DartboardError, StoreError
from results.comparison.sides import compare
from results.frames.study import load
from results.plots.scatter import comparison_figure, save, study_figure
from results.stats.correlations import regression
from results.store.store import Store
from tests.results.made_up import filled, id_of, run, study


def clouds(figure: Figure, panel: int) -> list[int]:
    """Return how many points each cloud of a panel has."""
    collections = figure.axes[panel].collections
    return [
        len(np.asarray(drawn.get_offsets()))
        for drawn in collections
        if isinstance(drawn, PathCollection)
    ]


def labels(figure: Figure, panel: int) -> list[str]:
    legend = figure.axes[panel].get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


@pytest.fixture
def two(url: str) -> str:
    """Return the URL of a store with two studies whose incumbents were re-run."""
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        filled(store, "two", "final", seed=2, reruns=16)
    return url


def test_a_comparison_has_a_panel_a_study_and_a_point_a_re_run(two: str) -> None:
    figure = comparison_figure(compare(two, "one", "two"))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["one", "two"]
    assert [clouds(figure, panel) for panel in (0, 1)] == [[12], [16]]


def test_both_panels_have_the_same_limits_with_every_point_inside(two: str) -> None:
    comparison = compare(two, "one", "two")
    left, right = comparison_figure(comparison).axes
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    for side in comparison.sides:
        assert left.get_xlim()[0] < side.one_shot_psnr.min()
        assert left.get_ylim()[1] > side.architecture_psnr.max()


def test_axes_say_which_psnr_they_show(two: str) -> None:
    left, right = comparison_figure(compare(two, "one", "two")).axes
    assert left.get_ylabel() == "architecture PSNR (dB)"
    assert left.get_xlabel() == right.get_xlabel() == "one-shot PSNR (dB)"


def test_the_legend_tells_the_correlation_its_interval_and_n(two: str) -> None:
    comparison = compare(two, "one", "two")
    r = comparison.final.correlation
    (label,) = labels(comparison_figure(comparison), 1)
    assert label == f"Pearson r = {r.value:.2f} [{r.low:.2f}, {r.high:.2f}], n = 16".replace(
        "-", "−"
    )


def test_the_line_is_the_regression(two: str) -> None:
    comparison = compare(two, "one", "two")
    side = comparison.one_shot
    axes = comparison_figure(comparison).axes[0]
    (line,) = [line for line in axes.get_lines() if len(np.asarray(line.get_xdata())) == 2]
    found = regression(side.one_shot_psnr, side.architecture_psnr)
    assert found is not None
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    np.testing.assert_allclose(y, found[0] * x + found[1])
    assert (x[0], x[1]) == (side.one_shot_psnr.min(), side.one_shot_psnr.max())


def test_a_study_shows_its_full_budget_trials_with_the_incumbents_marked(two: str) -> None:
    figure = study_figure(load(two, "two"))
    assert clouds(figure, 0) == [2 * 3, 3]
    assert labels(figure, 0)[0] == "incumbent (0, 0, 6)"
    assert "n = 9" in labels(figure, 0)[1]


def test_a_study_that_retrains_nothing_has_nothing_to_draw(two: str) -> None:
    with pytest.raises(StoreError, match="'one' has no architecture PSNRs to draw"):
        study_figure(load(two, "one"))


def test_one_trial_is_drawn_without_a_line(url: str) -> None:
    with Store.open(url) as store:
        store.begin(study(), {})
        run(store, study(), id_of(0))
    figure = study_figure(load(url, "blur-final"))
    assert clouds(figure, 0) == [1]
    assert labels(figure, 0)[1] == "Pearson r = undefined, n = 1"


def test_figures_are_saved_as_png_and_pdf(two: str, tmp_path: Path) -> None:
    figure = comparison_figure(compare(two, "one", "two"))
    png, pdf = save(figure, tmp_path / "new" / "one.v1")
    assert png == tmp_path / "new" / "one.v1.png"
    assert png.read_bytes().startswith(b"\x89PNG")
    assert pdf.read_bytes().startswith(b"%PDF")


def test_a_figure_that_cannot_be_saved_is_one_clear_line(two: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DartboardError, match="cannot write figure") as caught:
        save(study_figure(load(two, "two")), tmp_path / "file" / "figure")
    assert "\n" not in str(caught.value)
