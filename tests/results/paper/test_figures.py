"""Figures 3 to 8, by what they draw."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest

from configspace.errors import StoreError
from results.paper.figures import FigureNumber, figure, panels_of
from results.stats.correlations import correlation, regression
from tests.results.paper.campaigns import normal, together, trials
from tests.results.plots.pictures import clouds, legend, title

NUMBERS: tuple[FigureNumber, ...] = get_args(FigureNumber)


def darts(
    problem: str = "blur",
    *,
    hyperparameters: str = "H1",
    method: str = "darts",
    space: str = "sequential",
) -> pd.DataFrame:
    """Return 20 trials with good operations and 15 with all of them."""
    return together(
        trials(
            normal(level, n=n, seed=n),
            operations=operations,
            problem=problem,
            one_shot=normal(18, n=n, seed=n + 1),
            hyperparameters=hyperparameters,
            method=method,
            space=space,
        )
        for operations, level, n in (("good", 21, 20), ("all", 15, 15))
    )


def figure3() -> pd.DataFrame:
    return together([darts(), darts("downsampling"), trials(normal(9), method="random")])


def test_figure_3_has_one_panel_per_problem() -> None:
    drawn = figure(3, figure3())
    assert [title(axes) for axes in drawn.axes] == ["Blur", "Downsampling"]
    assert [clouds(axes) for axes in drawn.axes] == [[20, 15], [20, 15]]


def test_the_legend_has_correlations_of_each_group() -> None:
    made = figure3()
    good, both, everything = legend(figure(3, made).axes[0])
    panel = panels_of(3, made)[0]
    of_good = panel.groups[0].members
    r = correlation(panel.one_shot[of_good], panel.architecture[of_good])
    expected = f"good ops.: r = {r.value:.2f} [{r.low:.2f}, {r.high:.2f}], n = 20"
    assert good == expected.replace("-", "−")
    assert both.endswith("n = 15")
    assert everything.startswith("all of them: Pearson r = ")
    assert everything.endswith("n = 35")


def test_the_line_is_the_regression_of_all_points() -> None:
    made = figure3()
    (line,) = figure(3, made).axes[0].get_lines()
    panel = panels_of(3, made)[0]
    x, y = panel.one_shot, panel.architecture
    found = regression(x, y)
    assert found is not None
    ends = np.asarray(line.get_xdata())
    np.testing.assert_allclose(ends, [x.min(), x.max()])
    np.testing.assert_allclose(np.asarray(line.get_ydata()), found[0] * ends + found[1])


def test_panels_share_limits_around_every_point() -> None:
    made = figure3()
    drawn = figure(3, made)
    left, right = drawn.axes
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    for panel in panels_of(3, made):
        assert left.get_xlim()[0] < panel.one_shot.min()
        assert left.get_ylim()[1] > panel.architecture.max()


@pytest.mark.parametrize(("number", "count"), [(3, 2), (4, 4), (5, 2), (6, 2), (7, 3), (8, 2)])
def test_every_figure_has_the_papers_panels(number: FigureNumber, count: int) -> None:
    assert len(panels_of(number, figure3())) == count


def test_figure_4_shows_tuned_hyperparameters() -> None:
    made = together(
        [
            darts(hyperparameters="BOHB-one-shot-Blur"),
            darts("downsampling", hyperparameters="BOHB-Blur"),
            darts(hyperparameters="H1"),
        ]
    )
    drawn = figure(4, made)
    assert [sum(clouds(axes)) for axes in drawn.axes] == [35, 0, 0, 35]
    assert "no trials yet" in [text.get_text() for text in drawn.axes[1].texts]


def test_figure_5_compares_both_methods() -> None:
    made = together(
        [
            darts(hyperparameters="BOHB-DAS-single"),
            darts(hyperparameters="BOHB-DAS-single", method="darts-single"),
            darts(hyperparameters="BOHB-one-shot-Blur"),
        ]
    )
    left, right = figure(5, made).axes
    assert clouds(left) == clouds(right) == [15, 15]
    assert [line.split(": ")[0] for line in legend(left)[:2]] == ["DARTS", "DARTS-single"]
    assert legend(right)[0].startswith("DARTS, BOHB-one-shot-Blur: r = ")


@pytest.mark.parametrize("number", [6, 7, 8])
def test_figures_6_to_8_show_only_the_cell_space(number: FigureNumber) -> None:
    names = ("H1", "BOHB-Blur", "BOHB-Non-Seq-Blur")
    sequential = together(darts(hyperparameters=name) for name in names)
    cell = together(darts(hyperparameters=name, space="cell") for name in names)
    with pytest.raises(StoreError):
        figure(number, sequential)
    drawn = figure(number, together([sequential, cell]))
    assert sum(sum(clouds(axes)) for axes in drawn.axes) == 35


def test_a_figure_without_trials_is_an_error() -> None:
    with pytest.raises(
        StoreError, match="figure 8's settings, got none of cell blur good darts BOHB-Non-Seq"
    ):
        figure(8, figure3())
