"""The figure of signals, by what it draws."""

import pytest

from results.analysis.signals import JudgedGroup, judge
from results.plots.signals import signals_figure
from tests.results.analysis.made_up_signals import group
from tests.results.plots.pictures import legend, title


@pytest.fixture(scope="module")
def judged() -> JudgedGroup:
    return judge(group(), resamples=50)


@pytest.mark.slow
def test_each_group_has_two_panels(judged: JudgedGroup) -> None:
    figure = signals_figure([judged, judged])
    assert [title(axes) for axes in figure.axes] == [
        "Correlation with the final score",
        "Gain from selecting by the signal",
    ] * 2


def test_the_signals_are_listed_in_order(judged: JudgedGroup) -> None:
    left, _ = signals_figure([judged]).axes
    assert [text.get_text() for text in left.get_yticklabels()] == [
        "inherited",
        "harmful operations",
        "one-shot",
        "entropy",
        "flips",
    ]
    assert left.get_ylim()[0] > left.get_ylim()[1]  # the best one at the top


def test_the_legend_names_verdicts_and_the_baseline(judged: JudgedGroup) -> None:
    assert legend(signals_figure([judged])) == [
        "predicts the final score",
        "baseline: minus the number of harmful operations",
        "undecided",
        "no verdict",
        "k = 2",
        "k = 5",
        "k = 10",
        "k = 25",
    ]
