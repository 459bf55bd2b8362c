"""Figures of a comparison, by what they draw."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from results.comparison.figures import (
    best_by_cost_figure,
    comparison_figure,
    differences_figure,
    mean_rows,
    means_figure,
)
from results.comparison.report import ComparisonReport, EqualCost, comparison_report
from results.comparison.sides import Comparison
from results.frames.study import load_from
from results.plots.style import OBJECTIVES
from results.stats.correlations import regression
from results.stats.estimates import Estimate
from results.store.store import Store
from tests.results.comparison.reports import made_up_extra_trials
from tests.results.comparison.several import report_of, several
from tests.results.made_up import filled
from tests.results.plots.pictures import clouds, legend, title


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ComparisonReport:
    folder: Path = tmp_path_factory.mktemp("figures")
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        filled(store, "two", "final", seed=2, reruns=16)
        frames = load_from(store, "one"), load_from(store, "two")
    return comparison_report(frames, [made_up_extra_trials(*frames)])


@pytest.fixture
def comparison(made: ComparisonReport) -> Comparison:
    return made.comparison


def test_each_study_has_a_panel_of_its_re_runs(comparison: Comparison) -> None:
    panels = comparison_figure(comparison).axes
    assert [title(axes) for axes in panels] == ["one", "two"]
    assert [clouds(axes) for axes in panels] == [[12], [16]]


def test_both_panels_share_limits_around_every_point(comparison: Comparison) -> None:
    left, right = comparison_figure(comparison).axes
    assert left.get_xlim() == right.get_xlim()
    assert left.get_ylim() == right.get_ylim()
    for side in comparison.sides:
        assert left.get_xlim()[0] < side.one_shot_psnr.min()
        assert left.get_ylim()[1] > side.architecture_psnr.max()


def test_axes_name_their_psnr(comparison: Comparison) -> None:
    left, right = comparison_figure(comparison).axes
    assert left.get_ylabel() == "architecture PSNR (dB)"
    assert left.get_xlabel() == right.get_xlabel() == "one-shot PSNR (dB)"


def test_the_legend_has_correlation_interval_and_n(comparison: Comparison) -> None:
    r = comparison.reference.correlation
    (label,) = legend(comparison_figure(comparison).axes[1])
    expected = f"Pearson r = {r.value:.2f} [{r.low:.2f}, {r.high:.2f}], n = 16"
    assert label == expected.replace("-", "−")


def test_the_line_is_the_regression(comparison: Comparison) -> None:
    side = comparison.sides[0]
    axes = comparison_figure(comparison).axes[0]
    (line,) = [line for line in axes.get_lines() if len(np.asarray(line.get_xdata())) == 2]
    found = regression(side.one_shot_psnr, side.architecture_psnr)
    assert found is not None
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    np.testing.assert_allclose(y, found[0] * x + found[1])
    assert (x[0], x[1]) == (side.one_shot_psnr.min(), side.one_shot_psnr.max())


def test_the_medians_of_each_study_are_marked(comparison: Comparison) -> None:
    for axes, side in zip(comparison_figure(comparison).axes, comparison.sides, strict=True):
        texts = [text.get_text() for text in axes.texts]
        assert f"median {np.median(side.one_shot_psnr):.1f}" in texts
        assert f"median\n{np.median(side.architecture_psnr):.1f}" in texts


def test_each_setting_has_a_mean_and_an_interval(made: ComparisonReport) -> None:
    (axes,) = means_figure(made).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == len(mean_rows(made)) == 6
    assert labels[0] == "one-shot study's incumbent, re-run (n = 12)"
    intervals = axes.lines[0::2]
    for line, (_, estimate, _) in zip(intervals, mean_rows(made), strict=True):
        assert np.asarray(line.get_xdata()).tolist() == [estimate.low, estimate.high]


def test_re_runs_at_equal_cost_are_among_the_means(made: ComparisonReport) -> None:
    mean = Estimate(21.0, 20.5, 21.5, 16)
    (pair,) = made.pairs
    assert pair.crossed is not None
    shown = replace(pair, equal_cost=EqualCost(mean, mean, pair.crossed.contrast))
    assert ("final study's at the other's cost", mean) in [
        row[:2] for row in mean_rows(replace(made, pairs=(shown,)))
    ]


def test_curves_end_at_the_cost_of_their_study(made: ComparisonReport) -> None:
    panels = best_by_cost_figure(made).axes
    for axes, side in zip(panels, made.comparison.sides, strict=True):
        curve, _ = axes.lines
        assert np.asarray(curve.get_xdata()).max() == side.cost.epochs


def test_the_cost_of_the_other_study_is_marked(made: ComparisonReport) -> None:
    panels = best_by_cost_figure(made).axes
    for axes, other in zip(panels, reversed(made.comparison.sides), strict=True):
        _, mark = axes.lines
        assert set(np.asarray(mark.get_xdata())) == {other.cost.epochs}


def test_curves_name_the_score_and_the_unit_of_cost(made: ComparisonReport) -> None:
    panels = best_by_cost_figure(made).axes
    assert [re.sub(r" PSNR.*", "", axes.get_ylabel()) for axes in panels] == [
        "best observed one-shot",
        "best observed architecture",
    ]
    assert {axes.get_xlabel() for axes in panels} == {"cost (epochs × trials)"}


@pytest.fixture(scope="module", params=[2, pytest.param(4, marks=pytest.mark.slow)])
def of_several(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> ComparisonReport:
    return report_of(several(tmp_path_factory.mktemp("several"), request.param))


def test_every_study_has_its_panel_and_color(of_several: ComparisonReport) -> None:
    names = [side.study.name for side in of_several.comparison.sides]
    for figure in (comparison_figure(of_several.comparison), best_by_cost_figure(of_several)):
        assert [title(axes) for axes in figure.axes] == names
    curves = [axes.lines[0].get_color() for axes in best_by_cost_figure(of_several).axes]
    assert len(set(curves)) == len(names)
    assert curves[-1] == OBJECTIVES["final"]


def test_the_reference_marks_the_costs_of_all_others(of_several: ComparisonReport) -> None:
    *others, reference = best_by_cost_figure(of_several).axes
    sides = of_several.comparison.sides
    marks = [np.asarray(line.get_xdata())[0] for line in reference.lines[1:]]
    assert marks == [side.cost.epochs for side in sides[:-1]]
    for axes in others:
        assert [np.asarray(line.get_xdata())[0] for line in axes.lines[1:]] == [
            sides[-1].cost.epochs
        ]


def test_marks_of_equal_costs_do_not_overlap(of_several: ComparisonReport) -> None:
    lines = best_by_cost_figure(of_several).axes[-1].lines[1:]
    heights = sorted(tuple(sorted(np.asarray(line.get_ydata()))) for line in lines)
    for (_, top), (bottom, _) in itertools.pairwise(heights):
        assert top < bottom


def test_each_difference_has_its_interval(of_several: ComparisonReport) -> None:
    (axes,) = differences_figure(of_several).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    names = [side.study.name for side in of_several.comparison.others]
    assert labels == [text for name in names for text in (name, f"{name}, on downsampling")]
    drawn = [np.asarray(line.get_xdata()).tolist() for line in axes.lines[1::2]]
    for place, pair in enumerate(of_several.pairs):
        gain = pair.versus.gain
        assert drawn[2 * place] == [gain.low, gain.high]
    level = f"{100 * of_several.comparison.level:.4g}% interval"
    assert axes.get_xlabel().endswith(level)


def test_each_setting_is_among_the_means_once(of_several: ComparisonReport) -> None:
    labels = [label for label, _, _ in mean_rows(of_several)]
    others = len(of_several.pairs)
    assert len(set(labels)) == len(labels) == 2 * (others + 1) + 2 * others
    assert labels[others] == "final study's incumbent, re-run"
    assert labels[-1] == "final study's on downsampling"
