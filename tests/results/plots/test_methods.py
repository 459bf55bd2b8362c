"""The figure of methods, by what it draws."""

from pathlib import Path

import numpy as np
import pytest

from results.analysis.methods import JudgedMethods, judge
from results.plots.methods import methods_figure
from tests.results.analysis.made_up_methods import group, normal
from tests.results.plots.pictures import legend, title


@pytest.fixture
def judged(tmp_path: Path) -> JudgedMethods:
    scores = {"darts": normal(20.0), "rs-ws": normal(25.0, seed=1), "random": normal(19.0)}
    return judge(group(f"sqlite:///{tmp_path / 'store.db'}", scores))


def test_each_method_has_its_runs_and_its_mean(judged: JudgedMethods) -> None:
    (axes,) = methods_figure([judged]).axes
    assert title(axes) == "blur, sequential, H1"
    assert [text.get_text() for text in axes.get_yticklabels()] == ["darts", "rs-ws", "random"]
    sizes = [len(np.asarray(one.get_offsets())) for one in axes.collections]
    assert sizes == [32, 1] * 3
    means = [np.asarray(one.get_offsets())[0, 0] for one in axes.collections[1::2]]
    assert means == pytest.approx([20.0, 25.0, 19.0])


def test_darts_and_random_at_equal_cost_are_lines(judged: JudgedMethods) -> None:
    (axes,) = methods_figure([judged]).axes
    upright = [
        x[0]
        for line in axes.get_lines()
        if len(set(x := np.asarray(line.get_xdata(), dtype=float).tolist())) == 1
    ]
    expected = [row.gains["random"].mean for row in judged.rows if row.name != "random"]
    assert upright == pytest.approx([20.0, *expected])


def test_the_legend_names_what_is_drawn(judged: JudgedMethods) -> None:
    assert legend(methods_figure([judged])) == [
        "a run",
        "mean, with its 95% interval",
        "mean, higher than darts",
        "mean, lower than darts",
        "mean of darts",
        "random at equal cost: expected best of k",
    ]


@pytest.mark.slow
def test_three_groups_have_three_panels(judged: JudgedMethods) -> None:
    assert len(methods_figure([judged] * 3).axes) == 3


def test_a_group_without_runs_has_no_panel(judged: JudgedMethods, tmp_path: Path) -> None:
    nothing = judge(group(f"sqlite:///{tmp_path / 'none.db'}", {"darts": [], "random": []}))
    assert len(methods_figure([judged, nothing]).axes) == 1
    assert len(methods_figure([nothing]).axes) == 1
