"""Figures of α during searches, by what they draw."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

from results.analysis.search_curves import SearchCurves
from results.plots.search_curves import eigenvalue_figure, plasticity_figure
from results.plots.style import OTHERS
from tests.results.plots.pictures import legend, title


def searches(
    name: str = "one",
    problem: str = "blur",
    *,
    scores: tuple[float, ...] = (20.0, 22.0, np.nan),
) -> SearchCurves:
    """Return curves of four epochs, with a score per trial and two cells."""
    rows = [
        {
            "run": run,
            "epoch": epoch,
            "score": score,
            "eigenvalue": 0.1 * (run + epoch),
            "plasticity_sup": f"{epoch + run} {2 * epoch}",
            "plasticity_edge": f"{epoch} {epoch}",
        }
        for run, score in enumerate(scores)
        for epoch in range(1, 5)
    ]
    return SearchCurves(name, problem, "cell", pd.DataFrame(rows))


def test_each_trial_has_a_line_of_eigenvalues() -> None:
    axes, bar = eigenvalue_figure([searches()]).axes
    assert [len(np.asarray(line.get_xdata())) for line in axes.get_lines()] == [4, 4, 4]
    assert title(axes) == "one"
    assert axes.get_yscale() == "log"
    assert bar.get_ylabel() == "architecture PSNR (dB)"


def test_lines_are_colored_by_the_final_score() -> None:
    axes = eigenvalue_figure([searches()]).axes[0]
    low, high, without = (to_hex(line.get_color()) for line in axes.get_lines())
    assert low != high
    assert without == OTHERS


def test_each_problem_has_a_scale_of_colors() -> None:
    figure = eigenvalue_figure([searches(), searches("two", "downsampling", scores=(5.0, 9.0))])
    one, two, *bars = figure.axes
    assert [bar.get_ylabel() for bar in bars] == [
        "architecture PSNR (dB), downsampling",
        "architecture PSNR (dB), blur",
    ]
    first, second = ([to_hex(line.get_color()) for line in axes.get_lines()] for axes in (one, two))
    assert first[:2] == second


def test_a_failed_trial_does_not_stretch_the_colors() -> None:
    scores = (-90.0, *np.linspace(20, 22, 99))
    bar = eigenvalue_figure([searches(scores=scores)]).axes[1]
    assert bar.get_ylim()[0] > 20


def test_long_titles_are_wrapped() -> None:
    axes = eigenvalue_figure([searches("sequential-all-blur-darts-ours-one-shot-DS")]).axes[0]
    assert title(axes) == "sequential-all-blur-darts-\nours-one-shot-DS"


def test_a_negative_eigenvalue_has_a_linear_axis() -> None:
    made = searches()
    made.curves.loc[0, "eigenvalue"] = -0.1
    assert eigenvalue_figure([made]).axes[0].get_yscale() == "linear"


def test_trials_without_scores_are_drawn() -> None:
    axes = eigenvalue_figure([searches(scores=(np.nan, np.nan))]).axes[0]
    assert len(axes.get_lines()) == 2


@pytest.mark.slow
def test_four_conditions_have_four_panels() -> None:
    figure = eigenvalue_figure([searches(name) for name in "abcd"])
    panels = figure.axes[:-1]
    assert [title(axes) for axes in panels] == list("abcd")
    named = [axes.xaxis.get_major_ticks()[0].label1.get_visible() for axes in panels]
    assert named == [False, True, True, True]


def test_each_cell_has_a_line_of_median_norms() -> None:
    largest, centered = plasticity_figure([searches()]).axes
    assert [title(largest), title(centered)] == [
        "Largest |α|",
        "Largest norm of an edge's centered α",
    ]
    medians = [np.asarray(line.get_ydata()).tolist() for line in largest.get_lines()]
    assert medians == [[2, 3, 4, 5], [2, 4, 6, 8]]
    assert legend(centered) == ["cell 1", "cell 2"]
    assert len([one for one in largest.collections if isinstance(one, PolyCollection)]) == 2
