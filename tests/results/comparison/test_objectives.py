"""Comparisons of studies that were tuned on signals, which need not be PSNRs."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from configspace.signals import signal_of
from results.comparison.answers import answers
from results.comparison.figures import best_by_cost_figure, comparison_figure
from results.comparison.numbers import interval, number, signed, with_unit
from results.comparison.page import tables
from results.comparison.report import ComparisonReport, comparison_report
from results.comparison.rules import SIGNALS, STAND_IN
from results.comparison.sides import Side, compare_frames
from results.comparison.table import rows
from results.frames.study import Frames
from results.stats.estimates import Estimate
from tests.results.comparison.several import report_of, tuned_on

EIGENVALUE, ENTROPY = signal_of("eigenvalue"), signal_of("entropy")


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> list[Frames]:
    folder: Path = tmp_path_factory.mktemp("objectives")
    return tuned_on(folder, "inherited", "eigenvalue", reruns=45)


@pytest.fixture(scope="module")
def made(studies: list[Frames]) -> ComparisonReport:
    return report_of(studies)


@pytest.fixture
def eigenvalue(made: ComparisonReport) -> Side:
    return made.comparison.others[1]


def reruns(frames: Frames, column: str) -> np.ndarray:
    return frames.trials.query("purpose == 'rerun'")[column].to_numpy()


def test_each_study_is_judged_in_its_own_signal(
    made: ComparisonReport, studies: list[Frames]
) -> None:
    columns = ("inherited", "eigenvalue", "architecture_psnr")
    for side, frames, column in zip(made.comparison.sides, studies, columns, strict=True):
        assert side.signal.column == column
        assert side.objective_mean.value == pytest.approx(reruns(frames, column).mean())
        gap = side.incumbent.score - side.objective_mean.value
        assert side.gap.value == pytest.approx(gap)


def test_low_values_are_too_good_where_low_is_good(eigenvalue: Side) -> None:
    assert eigenvalue.incumbent.score < eigenvalue.objective_mean.low
    assert eigenvalue.curse.observed == -eigenvalue.incumbent.score
    assert (eigenvalue.curse.share, eigenvalue.curse.verdict) == (0.0, "cursed")


def said(made: ComparisonReport, question: str, study: str) -> str:
    (answer,) = (one for one in answers(made) if one.question.startswith(question))
    (line,) = (line for line in answer.lines if line.study == study)
    return line.text


def test_the_winners_curse_is_in_the_unit_of_the_signal(made: ComparisonReport) -> None:
    text = said(made, "Were the observed", "eigenvalue")
    side = made.comparison.others[1]
    assert text.startswith(
        "The eigenvalue study's incumbent was too good, the winner's curse: observed "
        f"{side.incumbent.score:.4g}, at least as low by chance: 0.0% of evaluations of "
        "3 seeds (mean), drawn from 45 re-runs. "
        f"Observed minus mean of re-runs: −{abs(side.gap.value):.4g} (95%: −"
    )
    assert "dB" not in text
    assert "dB, at least as high by chance" in said(made, "Were the observed", "inherited")


@pytest.mark.parametrize(
    ("scores", "words"),
    [(1, "was the only one"), (3, "is the lowest of 3, so it is probably too low")],
)
def test_a_cheaper_final_study_is_compared_at_equal_cost(
    made: ComparisonReport, scores: int, words: str
) -> None:
    pair = made.pairs[1]
    other, reference = pair.versus.sides
    dear = replace(other, cost=replace(other.cost, epochs=2 * reference.cost.epochs))
    early = replace(
        pair.at_the_others_cost[0],
        incumbent=replace(other.incumbent, loss=0.125),
        is_last=False,
        scores=scores,
    )
    changed = replace(
        pair,
        versus=replace(pair.versus, other=dear),
        at_the_others_cost=(early, pair.at_the_others_cost[1]),
    )
    text = said(
        replace(made, pairs=(made.pairs[0], changed)), "What did each study cost", "eigenvalue"
    )
    assert "observed at 0.125 on 50 epochs" in text
    assert words in text


def test_signals_have_a_question_of_their_own(made: ComparisonReport) -> None:
    found = {one.rule: one for one in answers(made)}
    assert [line.study for line in found[SIGNALS].lines] == ["inherited", "eigenvalue"]
    named = [line.study for line in found[STAND_IN].lines]
    assert named == ["", "inherited", "eigenvalue", "final"]
    text = said(made, "Are the other objectives", "eigenvalue")
    assert text.startswith(
        "Over the configurations of the final study, the eigenvalue and the architecture PSNR "
    )
    assert text.endswith("A low value is good, so it counts with the opposite sign.")


def test_a_low_signal_with_a_high_score_agrees(
    made: ComparisonReport, studies: list[Frames]
) -> None:
    inherited, eigenvalue = made.signals
    assert (inherited.signal, eigenvalue.signal) == (signal_of("inherited"), EIGENVALUE)
    # The made-up eigenvalues fall with the one-shot score.
    assert eigenvalue.over_configurations is not None
    assert made.one_shot.over_configurations is not None
    expected = made.one_shot.over_configurations.spearman
    assert eigenvalue.over_configurations.spearman == expected
    assert expected.value > 0
    named = [side.study.name for side, _ in eigenvalue.within]
    assert named == ["eigenvalue", "final"]
    rho = eigenvalue.within[0][1].spearman.value
    tried = studies[1].trials.query("purpose == 'rerun'")[["eigenvalue", "architecture_psnr"]]
    assert -rho == pytest.approx(tried.corr("spearman").iloc[0, 1])


def without(frames: Frames, column: str) -> Frames:
    return replace(frames, trials=frames.trials.assign(**{column: math.nan}))


def test_a_signal_that_was_not_recorded_is_left_out(studies: list[Frames]) -> None:
    bare = [studies[1], without(studies[2], "eigenvalue")]
    report = comparison_report(bare)
    (found,) = report.signals
    assert found.over_configurations is None
    assert [side.study.name for side, _ in found.within] == ["eigenvalue"]
    (answer,) = (one for one in answers(report) if one.rule == SIGNALS)
    assert answer.text.startswith("Within the re-runs of the eigenvalue study's incumbent")


def test_re_runs_without_the_signal_decide_nothing(studies: list[Frames]) -> None:
    report = comparison_report([without(each, "eigenvalue") for each in studies[1:]])
    side = report.comparison.others[0]
    assert (side.objective_mean.n, side.curse.n, side.curse.verdict) == (0, 0, "few")
    cells = {label: values for label, *values in rows(report.comparison)}
    assert cells["Observed minus mean of re-runs"][0] == "–"
    (text,) = (one.text for one in answers(report) if one.rule == SIGNALS)
    assert text.startswith("It was not recorded.")
    (curse,) = (one.text for one in answers(report) if one.question.startswith("Were the"))
    assert "undecided: n = 0, at least 40 needed" in curse


def test_units_are_in_the_cells_if_they_differ(made: ComparisonReport) -> None:
    cells = {label: values for label, *values in rows(made.comparison)}
    eigenvalue = made.comparison.others[1]
    inherited, other, final = cells["Objective's value in the study"]
    assert inherited.split(" (")[0].endswith(" dB")
    assert final.split(" (")[0].endswith(" dB")
    assert other.split(" (")[0] == f"{eigenvalue.incumbent.score:.4g}"
    (costs,) = (one for one in tables(made) if one.title.startswith("What each study had"))
    assert costs.head[-2:] == ("observed", "mean of re-runs")
    assert [row[0] for row in costs.rows] == ["inherited", "final", "eigenvalue", "final"]
    assert "dB" not in costs.rows[2][5]
    assert "dB" in costs.rows[3][5]


def test_units_are_in_the_labels_if_all_are_psnrs(studies: list[Frames]) -> None:
    comparison = compare_frames([studies[0], studies[2]])
    labels = [label for label, *_ in rows(comparison)]
    assert "Objective's PSNR in the study (dB)" in labels


def test_each_signal_has_a_table_of_its_correlations(made: ComparisonReport) -> None:
    titles = [one.title for one in tables(made) if one.title.startswith("Correlation of")]
    assert titles == [
        f"Correlation of {what} and architecture PSNR"
        for what in ("one-shot PSNR", "inherited PSNR", "eigenvalue")
    ]


def test_figures_name_what_was_tuned_on(made: ComparisonReport) -> None:
    labels = [axes.get_ylabel() for axes in best_by_cost_figure(made).axes]
    assert labels == [
        "best observed inherited PSNR (dB)",
        "best observed eigenvalue",
        "best observed architecture PSNR (dB)",
    ]
    texts = [axes.texts[0].get_text() for axes in comparison_figure(made.comparison).axes]
    assert texts[1] == "incumbent tuned on the eigenvalue, re-run on fresh seeds"
    assert texts[2] == "incumbent for the final score, re-run on fresh seeds"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(-0.00123456, EIGENVALUE), "−0.001235"),
        (number(1.5, with_sign=True), "+1.50"),
        (interval(Estimate(0.5, 0.25, 0.75, 9), EIGENVALUE), "0.5 [0.25, 0.75]"),
        (interval(Estimate(math.nan, math.nan, math.nan, 0)), "undefined"),
        (signed(Estimate(-0.5, -0.75, 0.25, 9), signal=ENTROPY), "−0.5 nats (95%: −0.75 to +0.25)"),
        (signed(Estimate(1.0, 0.5, 1.5, 9), 0.975), "+1.00 dB (97.5%: +0.50 to +1.50)"),
        (with_unit("1", EIGENVALUE), "1"),
    ],
)
def test_numbers_have_the_digits_of_their_signal(text: str, expected: str) -> None:
    assert text == expected
