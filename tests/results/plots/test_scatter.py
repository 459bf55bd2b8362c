"""Scatter plots, by what they draw."""

import numpy as np
import pytest

from results.plots.scatter import Group, Panel, scatter_figure
from results.stats.correlations import correlation, regression
from results.text import interval_text
from tests.results.plots.pictures import clouds, legend, title


@pytest.fixture
def panel() -> Panel:
    """Return 20 points of two groups, 12 and 8."""
    random = np.random.default_rng(0)
    x = random.normal(20, 1, size=20)
    first = np.arange(20) < 12
    return Panel(
        title="Blur",
        subtitle="made up",
        one_shot=x,
        architecture=0.7 * x + random.normal(size=20),
        groups=(
            Group(first, "#0072b2", "o", "good", correlated=True),
            Group(~first, "#d55e00", "^", "all"),
        ),
    )


@pytest.fixture
def empty() -> Panel:
    none = np.empty(0)
    return Panel("Empty", "", none, none, (Group(none.astype(bool), "#0072b2", label="good"),))


def test_each_group_is_one_cloud(panel: Panel) -> None:
    (axes,) = scatter_figure([panel], columns=1).axes
    assert clouds(axes) == [12, 8]


def test_each_panel_has_its_title(panel: Panel, empty: Panel) -> None:
    figure = scatter_figure([panel, empty], columns=2)
    assert [title(axes) for axes in figure.axes] == ["Blur", "Empty"]


def test_the_legend_gives_correlations_where_asked(panel: Panel) -> None:
    (axes,) = scatter_figure([panel], columns=1).axes
    x, y = panel.one_shot, panel.architecture
    within, over_all = correlation(x[:12], y[:12]), correlation(x, y)
    assert legend(axes) == [
        f"good: r = {interval_text(within)}, n = 12",
        "all",
        f"Pearson r = {interval_text(over_all)}, n = 20",
    ]


def test_the_line_is_the_regression_of_all_points(panel: Panel) -> None:
    (axes,) = scatter_figure([panel], columns=1).axes
    (line,) = axes.get_lines()
    found = regression(panel.one_shot, panel.architecture)
    assert found is not None
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    np.testing.assert_allclose(y, found[0] * x + found[1])
    assert (x[0], x[1]) == (panel.one_shot.min(), panel.one_shot.max())


def test_panels_share_limits_around_every_point(panel: Panel, empty: Panel) -> None:
    left, right = scatter_figure([panel, empty], columns=2).axes
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    assert left.get_xlim()[0] < panel.one_shot.min()
    assert left.get_ylim()[1] > panel.architecture.max()


def test_only_panels_at_the_left_name_the_ordinate(panel: Panel) -> None:
    figure = scatter_figure([panel] * 3, columns=2)
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "architecture PSNR (dB)",
        "",
        "architecture PSNR (dB)",
    ]
    assert {axes.get_xlabel() for axes in figure.axes} == {"one-shot PSNR (dB)"}


def test_places_without_a_panel_stay_empty(panel: Panel) -> None:
    assert len(scatter_figure([panel] * 3, columns=2).axes) == 3


def test_a_panel_without_points_has_a_note(empty: Panel) -> None:
    (axes,) = scatter_figure([empty], columns=1).axes
    assert "no trials yet" in [text.get_text() for text in axes.texts]
    assert legend(axes) == ["good", "Pearson r = undefined, n = 0"]


def test_one_point_has_no_line(panel: Panel) -> None:
    one = Panel("One", "", np.ones(1), np.ones(1), (Group(np.ones(1, dtype=bool), "#0072b2"),))
    (axes,) = scatter_figure([one], columns=1).axes
    assert clouds(axes) == [1]
    assert legend(axes) == ["Pearson r = undefined, n = 1"]
    assert not any(len(np.asarray(line.get_xdata())) for line in axes.get_lines())


@pytest.mark.parametrize("color", [None, "#0072b2"])
def test_medians_are_marked_where_asked(panel: Panel, color: str | None) -> None:
    marked = Panel(
        panel.title,
        panel.subtitle,
        panel.one_shot,
        panel.architecture,
        panel.groups,
        median_color=color,
    )
    (axes,) = scatter_figure([marked], columns=1).axes
    said = [text.get_text() for text in axes.texts if text.get_text().startswith("median")]
    x, y = np.median(panel.one_shot), np.median(panel.architecture)
    assert said == ([f"median {x:.1f}", f"median\n{y:.1f}"] if color else [])
