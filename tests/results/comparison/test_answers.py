"""Answers of a comparison and their rules."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from configspace.hyperparameters import Hyperparameters
from results.comparison.answers import accounting, answers, closeness
from results.comparison.report import ComparisonReport, EqualCost, comparison_report
from results.comparison.rules import SIGNALS, rules, rules_markdown
from results.comparison.table import rows, sign
from results.frames.study import load_from
from results.stats.estimates import Estimate
from results.stats.probability_of_improvement import Contrast, ProbabilityOfImprovement
from results.stats.winners_curse import winners_curse
from results.store.store import Store
from tests.results.comparison.reports import made_up_extra_trials
from tests.results.comparison.several import report_of, several
from tests.results.made_up import filled, id_of, run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ComparisonReport:
    folder: Path = tmp_path_factory.mktemp("report")
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        filled(store, "two", "final", seed=2, reruns=16)
        frames = load_from(store, "one"), load_from(store, "two")
    return comparison_report(
        frames, [made_up_extra_trials(*frames, crossed=(18.0, 16.0), training=1.5)]
    )


def with_pair(made: ComparisonReport, **changes: Any) -> ComparisonReport:
    """Return a report of two studies with changes in what compares them."""
    (pair,) = made.pairs
    return replace(made, pairs=(replace(pair, **changes),))


def with_versus(made: ComparisonReport, **changes: Any) -> ComparisonReport:
    """Return a report of two studies with changes in the comparison of their re-runs."""
    return with_pair(made, versus=replace(made.pairs[0].versus, **changes))


def said(made: ComparisonReport, question: str) -> str:
    """Return the answer to the question that starts with the given words."""
    (answer,) = (one for one in answers(made) if one.question.startswith(question))
    return answer.text


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.5, 0.9, "closely"),
        (0.1, 0.7, "somewhat"),
        (0.1, 0.4, "weakly"),
        (-0.2, 0.4, "hardly"),
        (-0.2, 0.6, "undecided"),
        (-0.6, -0.1, "inversely"),
        (np.nan, np.nan, "constant"),
    ],
)
def test_closeness_follows_from_the_interval(low: float, high: float, word: str) -> None:
    assert closeness(Estimate((low + high) / 2, low, high, 20)) == word


def test_few_pairs_are_not_judged() -> None:
    assert closeness(Estimate(1.0, np.nan, np.nan, 4)) == "few"
    assert closeness(Estimate(1.0, 0.6, 1.0, 5)) == "closely"


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.1, 1.0, 1), (-1.0, -0.1, -1), (-1, 1, 0), (np.nan, np.nan, 0)]
)
def test_a_sign_needs_an_interval_without_0(low: float, high: float, expected: int) -> None:
    assert sign(Estimate(0.5, low, high, 10)) == expected


def test_every_question_has_an_answer(made: ComparisonReport) -> None:
    assert [one.rule for one in answers(made)] == [rule for rule in rules() if rule != SIGNALS]
    assert all(one.text.endswith(".") for one in answers(made))


def test_every_rule_is_whole_sentences() -> None:
    assert len(rules()) == 8
    for rule in rules():
        assert rule.question.endswith("?")
        assert rule.text.endswith(".")


def test_what_was_not_run_has_no_answer(made: ComparisonReport) -> None:
    without = with_pair(made, crossed=None, exchange=None)
    assert [one.question for one in answers(without)] == [one.question for one in answers(made)[:5]]


def test_the_markdown_has_one_section_per_rule() -> None:
    text = rules_markdown()
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [*(f"## {rule.question}" for rule in rules()), "## Intervals"]
    for rule in rules():
        assert rule.text.replace("param_*", "`param_*`") in text


def test_budgets_need_5_configurations_in_common(made: ComparisonReport) -> None:
    assert said(made, "Do small budgets").startswith("Undecided: no smaller budget has 5")
    one_shot, final = made.rankings
    many = replace(final[0], spearman=Estimate(0.3, 0.1, 0.45, 30))
    text = said(replace(made, rankings=(one_shot, (many,))), "Do small budgets")
    assert text.startswith(
        "In the one-shot study, the scores on 17 and 50 epochs have too few pairs for an answer"
    )
    assert "; in the final study, the scores on 17 and 50 epochs agree only weakly" in text


def test_the_more_expensive_study_is_judged_at_equal_cost(made: ComparisonReport) -> None:
    text = said(made, "What did each study cost")
    assert text.startswith(
        "The final study cost 2.00 times as many epochs × trials as the one-shot study (1,818 "
        "against 909; 27 s against 18 s on the workers). "
    )
    assert "its best was (0, 0, 0)" in text
    assert "so the comparison of the re-runs above is not at equal cost" in text
    assert "The observed score was the only one on that budget; the configuration was not" in text
    assert text.endswith(
        "What the one-shot study would have reached at the cost of the final study is unknown, "
        "because it ended before."
    )


def test_the_best_of_several_scores_is_too_high(made: ComparisonReport) -> None:
    one_shot, final = made.pairs[0].at_the_others_cost
    changed = with_pair(made, at_the_others_cost=(one_shot, replace(final, scores=2)))
    text = said(changed, "What did each study cost")
    assert "is the highest of 2, so it is probably too high; the configuration" in text


def test_studies_of_equal_cost_are_compared_as_they_are(made: ComparisonReport) -> None:
    one_shot, final = made.comparison.sides
    text = said(
        with_versus(made, other=replace(one_shot, cost=final.cost)), "What did each study cost"
    )
    assert text.startswith("Both studies cost 1,818 epochs × trials (27 s against 27 s")
    assert text.endswith("is also a comparison at equal cost.")


@pytest.mark.parametrize(
    ("gain", "wins", "words"),
    [
        ((0.5, 1.5), (0.6, 0.9), "At equal cost the final study's incumbent scores higher than"),
        ((-1.5, -0.5), (0.1, 0.4), "At equal cost the one-shot study's incumbent scores higher"),
        ((0.5, 1.5), (0.4, 0.9), "At equal cost the answer is undecided: the re-runs do not show"),
    ],
)
def test_re_runs_at_equal_cost_are_judged(
    made: ComparisonReport, gain: tuple[float, float], wins: tuple[float, float], words: str
) -> None:
    early = EqualCost(
        objective=Estimate(21.0, 20.5, 21.5, 16),
        architecture=Estimate(21.0, 20.5, 21.5, 16),
        contrast=Contrast(
            Estimate(sum(gain) / 2, *gain, 12),
            ProbabilityOfImprovement(0.5, *wins, 16, 12),
            paired=False,
        ),
    )
    text = said(with_pair(made, equal_cost=early), "What did each study cost")
    assert "re-run, the configuration has a mean of 21.00 [20.50, 21.50] dB (n = 16)" in text
    assert words in text
    assert "n = 16 and 12." in text


def test_a_final_incumbent_may_exist_at_equal_cost(made: ComparisonReport) -> None:
    one_shot, final = made.pairs[0].at_the_others_cost
    early = replace(final, incumbent=made.comparison.reference.incumbent, is_last=True)
    text = said(with_pair(made, at_the_others_cost=(one_shot, early)), "What did each study cost")
    assert "is also a comparison at equal cost. What the one-shot study would" in text


def test_nothing_may_have_finished_at_equal_cost(made: ComparisonReport) -> None:
    one_shot, final = made.pairs[0].at_the_others_cost
    early = replace(final, incumbent=None, is_last=False)
    text = said(with_pair(made, at_the_others_cost=(one_shot, early)), "What did each study cost")
    assert "the one-shot study, none of its evaluations had finished. What" in text


@pytest.mark.parametrize(
    ("observed", "n", "judged"),
    [
        (79.0, 80, "was too good, the winner's curse: observed 79.00 dB, at least as high by "
         "chance: 1 of 80 re-runs (1.2%)."),
        (78.0, 80, "was as high as chance gives: observed 78.00 dB, at least as high by chance: "
         "2 of 80 re-runs (2.5%)."),
        (99.0, 39, "has too few re-runs for an answer (undecided: n = 39, at least 40 needed): "
         "observed 99.00 dB."),
    ],
)  # fmt: skip
def test_the_winners_curse_is_a_rare_score(
    made: ComparisonReport, observed: float, n: int, judged: str
) -> None:
    final = made.comparison.reference
    side = replace(final, curse=winners_curse(observed, np.arange(n)))
    changed = with_versus(made, reference=side)
    text = said(changed, "Were the observed scores")
    assert f"The final study's incumbent {judged} Observed minus mean of re-runs: +" in text


def test_table_and_answer_give_the_same_chance(made: ComparisonReport) -> None:
    cells = {label: of_final for label, _, of_final in rows(made.comparison)}
    assert cells["Chance of as high a score"] in said(made, "Were the observed scores")
    assert cells["Observed minus mean of re-runs (dB)"].startswith("+")


def probability(gain: tuple[float, float]) -> ProbabilityOfImprovement:
    """Return an interval on the same side of ½ as that of a difference is of 0."""
    low, high = (0.5 + math.copysign(0.2, end) for end in gain)
    return ProbabilityOfImprovement(0.5, low, high, 10, 10)


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        ((0.1, 1.0), (0.1, 1.0), "on downsampling the final study's incumbent scores higher than"),
        ((0.1, 1.0), (0.1, 1.0), ", as here:"),
        ((0.1, 1.0), (-1.0, -0.1), ", the reverse of the order here:"),
        ((-0.1, 1.0), (0.1, 1.0), "scores higher than the one-shot study's:"),
        ((0.1, 1.0), (-0.1, 1.0), "on downsampling the answer is undecided: the re-runs do not"),
    ],
)
def test_the_order_on_both_problems_is_compared(
    made: ComparisonReport, here: tuple[float, float], there: tuple[float, float], words: str
) -> None:
    crossed = made.pairs[0].crossed
    assert crossed is not None
    contrast = Contrast(Estimate(0.0, *there, 10), probability(there), paired=False)
    changed = with_versus(made, gain=Estimate(0.0, *here, 10), improvement=probability(here))
    changed = with_pair(changed, crossed=replace(crossed, contrast=contrast))
    assert words in said(changed, "Does the order hold")


@pytest.mark.parametrize(
    ("architectures", "training", "words"),
    [
        ((1.0, 2.0), (1.0, 2.0), "Both the architectures and the training of the weights matter"),
        ((1.0, 2.0), (-2.0, -1.0), "matter, in opposite ways"),
        ((1.0, 2.0), (-1.0, 1.0), "The architectures matter;"),
        ((-1.0, 2.0), (-2.0, -1.0), "The training of the weights matters;"),
        ((-1.0, 1.0), (-1.0, 1.0), "No effect of either is shown"),
    ],
)
def test_a_gain_comes_from_effects_beyond_chance(
    made: ComparisonReport,
    architectures: tuple[float, float],
    training: tuple[float, float],
    words: str,
) -> None:
    exchange = made.pairs[0].exchange
    assert exchange is not None
    effects = replace(
        exchange,
        architecture_effect=Estimate(0.0, *architectures, 10),
        training_effect=Estimate(0.0, *training, 10),
    )
    assert words in said(with_pair(made, exchange=effects), "Where does the difference come from")


def test_an_interaction_beyond_chance_is_reported(made: ComparisonReport) -> None:
    exchange = made.pairs[0].exchange
    assert exchange is not None
    effects = replace(exchange, interaction=Estimate(1.0, 0.5, 1.5, 10))
    text = said(with_pair(made, exchange=effects), "Where does the difference come from")
    assert "interaction +1.00 dB (95%: +0.50 to +1.50)" in text


def test_equal_incumbents_are_reported(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        for name in ("one", "two"):
            filled(store, name, "one-shot" if name == "one" else "final", seed=1, reruns=4)
        same = id_of(6, 50, "rerun", 1)
        run(store, store.study("two"), same, Hyperparameters(param_lr=7e-3), [(20.0, 21.0)])
        found = comparison_report([load_from(store, "one"), load_from(store, "two")])
    assert said(found, "Which objective").startswith("Both studies have the same incumbent")


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> ComparisonReport:
    """Return a comparison of two runs each, whose differences are far larger than their spread."""
    folder: Path = tmp_path_factory.mktemp("two")
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        filled(store, "one", "one-shot", seed=1, reruns=2)
        # With few configurations the incumbents differ, and a correlation has too few points.
        filled(store, "two", "final", seed=2, reruns=2, configurations=3)
        frames = load_from(store, "one"), load_from(store, "two")
    extra = made_up_extra_trials(*frames, crossed=(18.0, 16.0), training=9.0)
    few = replace(extra, crossed=(extra.crossed[0][:2], extra.crossed[1][:2]))
    return comparison_report(frames, [few])


@pytest.mark.parametrize(
    ("question", "n", "needed"),
    [
        ("Which objective", 2, 5),
        ("Is the one-shot score", 2, 5),
        ("Were the observed", 2, 40),
        ("Does the order hold", 2, 5),
        ("Where does the difference", 2, 5),
    ],
)
def test_two_runs_decide_nothing(
    of_two: ComparisonReport, question: str, n: int, needed: int
) -> None:
    assert f"undecided: n = {n}, at least {needed} needed" in said(of_two, question)


def test_two_runs_have_no_interval(of_two: ComparisonReport) -> None:
    text = said(of_two, "Where does the difference")
    assert "(95%" not in text
    assert "matter" not in text


def test_without_verdicts_there_are_no_false_ones(of_two: ComparisonReport) -> None:
    assert accounting(answers(of_two)) == "There are too few runs for any verdict."


def test_the_number_of_false_verdicts_is_stated(made: ComparisonReport) -> None:
    given = answers(made)
    assert [answer.judged for answer in given] == [0, 0, 2, 0, 0, 1, 3]
    assert accounting(given).startswith(
        "There are 6 verdicts, each at its own 5% level. If nothing differed, about 0.3 of them "
        "would be false, and at least one in 26% of such comparisons"
    )
    main = "The answer to the first question is the main one."
    assert not accounting(given).endswith(main)
    assert accounting([replace(given[0], judged=1), *given[1:]]).endswith(main)


@pytest.fixture(scope="module")
def of_five(tmp_path_factory: pytest.TempPathFactory) -> ComparisonReport:
    folder: Path = tmp_path_factory.mktemp("five")
    return report_of(several(folder, 4))


OTHERS = [f"other-{index}" for index in range(4)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    ["Which objective", "What did each study cost", "Does the order hold", "Where does the diff"],
)
def test_each_study_has_a_line_against_the_reference(
    of_five: ComparisonReport, question: str
) -> None:
    (answer,) = (one for one in answers(of_five) if one.question.startswith(question))
    assert [line.study for line in answer.lines if line.study] == OTHERS
    assert answer.level == pytest.approx(0.9875)
    for line in answer.lines:
        assert "95%" not in line.text


@pytest.mark.slow
@pytest.mark.parametrize("question", ["Is the one-shot", "Were the observed", "Do small budgets"])
def test_questions_about_one_study_are_not_corrected(
    of_five: ComparisonReport, question: str
) -> None:
    (answer,) = (one for one in answers(of_five) if one.question.startswith(question))
    assert answer.level == 0.95
    named = [line.study for line in answer.lines if line.study]
    assert named in ([], [*OTHERS, "final"])


@pytest.mark.slow
def test_the_main_answer_sorts_all_studies(of_five: ComparisonReport) -> None:
    gains = [(0.1, 1.0), (-1.0, -0.1), (-0.1, 1.0), (-2.0, -1.0)]
    pairs = [
        replace(
            pair,
            versus=replace(pair.versus, gain=Estimate(0, *gain, 10), improvement=probability(gain)),
        )
        for pair, gain in zip(of_five.pairs, gains, strict=True)
    ]
    (main, *_) = answers(replace(of_five, pairs=tuple(pairs)))
    assert main.lines[0].text == (
        "Compared with the incumbent of final, those of the other studies score higher: other-1, "
        "other-3; lower: other-0; undecided: other-2."
    )
    assert main.lines[1].text.startswith(
        "Re-run, the final study's incumbent scores higher than the study other-0's; "
    )


@pytest.mark.slow
def test_corrected_verdicts_count_less(of_five: ComparisonReport) -> None:
    given = answers(of_five)
    assert [answer.judged for answer in given[:1] + given[5:]] == [4, 4, 12]
    others = sum(answer.judged for answer in given[1:5])
    expected = 20 * 0.0125 + others * 0.05
    text = accounting(given)
    assert text.startswith(
        f"There are {20 + others} verdicts. Those against the final study are at the 1.25% level "
        "each, so that those of one kind have the 5% level together; all others are at their own "
        "5% level each. If nothing differed, about "
    )
    (false,) = re.findall(r"about ([\d.]+) of them would be false", text)
    assert float(false) == pytest.approx(expected, abs=0.051)
    none = 0.9875**20 * 0.95**others
    assert f"at least one in {1 - none:.0%} of such comparisons" in text
