"""The figures of strategies, by what they draw."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from results.analysis.strategies import JudgedStrategies, judge
from results.analysis.strategy_runs import StrategyGroup, StrategyRuns
from results.plots.strategies import anytime_figure, plane_figure, top_figure
from results.plots.style import drawn
from tests.results.analysis.made_up_strategies import group
from tests.results.plots.pictures import clouds, legend, title

NAMES = ("random", "descent")


@pytest.fixture(scope="module")
def made() -> StrategyGroup:
    return group(NAMES)


@pytest.fixture(scope="module")
def judged(made: StrategyGroup) -> JudgedStrategies:
    return judge(made)


def arrows(figure: Figure, place: int) -> list[Annotation]:
    found = [one for one in figure.axes[place].texts if isinstance(one, Annotation)]
    return [one for one in found if one.arrow_patch is not None]


def test_each_strategy_has_its_best_by_rank(judged: JudgedStrategies) -> None:
    figure = top_figure([judged])
    assert [title(axes) for axes in figure.axes] == list(NAMES)
    for axes, row in zip(figure.axes, judged.rows, strict=True):
        # Each rank has five single architectures; then come all search scores and all means.
        assert clouds(axes) == [5] * 10 + [10, 10]
        searched, fresh = (np.asarray(one.get_offsets())[:, 1] for one in axes.collections[-2:])
        assert searched == pytest.approx([one.searched for one in row.ranks])
        assert fresh == pytest.approx([one.fresh.value for one in row.ranks])
    assert len(legend(figure)) == 3


def test_each_setting_has_a_row(judged: JudgedStrategies) -> None:
    figure = top_figure([judged, judge(group(("random",)))])
    assert [title(axes) for axes in figure.axes] == [*NAMES, "random"]
    assert len(figure.subfigs) == 2


def test_progress_has_all_searches_and_their_median(made: StrategyGroup) -> None:
    (axes,) = anytime_figure([made]).axes
    lines = [np.asarray(line.get_ydata(), dtype=float) for line in axes.get_lines()]
    assert len(lines) == 2 * (5 + 1)
    assert all((np.diff(line) >= 0).all() for line in lines)
    np.testing.assert_allclose(lines[5], np.median(lines[:5], axis=0))
    assert lines[0][-1] == made.strategies[0].searches[0].scores.max()


def test_progress_counts_supernets_as_trainings(made: StrategyGroup) -> None:
    (one,) = group(("random",), repetitions=1).strategies[0].searches
    later = replace(one, cost=one.cost + np.arange(60) // 10)
    changed = StrategyGroup(made.first, (StrategyRuns("random", (later,)),))
    (axes,) = anytime_figure([changed]).axes
    assert np.asarray(axes.get_lines()[0].get_xdata(), dtype=float)[-1] == 65


def test_the_plane_has_all_points_and_paths(made: StrategyGroup) -> None:
    figure = plane_figure([made])
    assert [sum(clouds(axes)) for axes in figure.axes[:2]] == [300, 300]
    assert figure.axes[0].get_xscale() == figure.axes[0].get_yscale() == "log"
    moves = [len(path) - 1 for one in made.strategies[1].searches for path in one.paths]
    assert len(arrows(figure, 1)) == sum(moves) > 0
    assert arrows(figure, 0) == []


def test_crashed_points_have_no_color(made: StrategyGroup) -> None:
    (one,) = group(("random",), repetitions=1).strategies[0].searches
    scores = one.scores.copy()
    scores[:7] = np.nan
    runs = StrategyRuns("random", (replace(one, scores=scores),))
    figure = plane_figure([StrategyGroup(made.first, (runs,))])
    assert clouds(figure.axes[0]) == [53, 7]


@pytest.mark.slow
def test_figures_without_a_training_are_drawn() -> None:
    nothing = group(NAMES, repetitions=0)
    for figure in (anytime_figure([nothing]), top_figure([judge(nothing)])):
        assert drawn(figure, ".svg").startswith(b"<?xml")
