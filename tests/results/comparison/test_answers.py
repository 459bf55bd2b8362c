"""Answers of a comparison and their rules."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from configspace.hyperparameters import Hyperparameters
from results.comparison.answers import answers, closeness, rules, rules_markdown, sign
from results.comparison.report import ComparisonReport, EqualCost, comparison_report
from results.comparison.table import rows
from results.frames.study import load_from
from results.stats.estimates import Estimate
from results.stats.probability_of_improvement import Contrast, ProbabilityOfImprovement
from results.stats.winners_curse import winners_curse
from results.store.store import Store
from tests.results.comparison.reports import made_up_extra_trials
from tests.results.made_up import filled, id_of, run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ComparisonReport:
    folder: Path = tmp_path_factory.mktemp("report")
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        filled(store, "two", "final", seed=2, reruns=16)
        frames = load_from(store, "one"), load_from(store, "two")
    return comparison_report(
        *frames, made_up_extra_trials(*frames, crossed=(18.0, 16.0), training=1.5)
    )


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
        (np.nan, np.nan, "undecided"),
    ],
)
def test_closeness_follows_from_the_interval(low: float, high: float, word: str) -> None:
    assert closeness(Estimate((low + high) / 2, low, high, 20)) == word


def test_few_pairs_are_not_judged() -> None:
    assert closeness(Estimate(1.0, 1.0, 1.0, 9)) == "few"
    assert closeness(Estimate(1.0, 1.0, 1.0, 10)) == "closely"


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.1, 1.0, 1), (-1.0, -0.1, -1), (-1, 1, 0), (np.nan, np.nan, 0)]
)
def test_a_sign_needs_an_interval_without_0(low: float, high: float, expected: int) -> None:
    assert sign(Estimate(0.5, low, high, 10)) == expected


def test_every_question_has_an_answer(made: ComparisonReport) -> None:
    assert [one.rule for one in answers(made)] == rules()
    assert all(one.text.endswith(".") for one in answers(made))


def test_every_rule_is_whole_sentences() -> None:
    assert len(rules()) == 7
    for rule in rules():
        assert rule.question.endswith("?")
        assert rule.text.endswith(".")


def test_what_was_not_run_has_no_answer(made: ComparisonReport) -> None:
    without = replace(made, crossed=None, exchange=None)
    assert [one.question for one in answers(without)] == [one.question for one in answers(made)[:5]]


def test_the_markdown_has_one_section_per_rule() -> None:
    text = rules_markdown()
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [*(f"## {rule.question}" for rule in rules()), "## Intervals"]
    for rule in rules():
        assert rule.text.replace("param_*", "`param_*`") in text


def test_budgets_need_10_configurations_in_common(made: ComparisonReport) -> None:
    assert said(made, "Do small budgets").startswith("No smaller budget has 10 configurations")
    one_shot, final = made.rankings
    many = replace(final[0], spearman=Estimate(0.3, 0.1, 0.45, 30))
    text = said(replace(made, rankings=(one_shot, (many,))), "Do small budgets")
    assert text.startswith("In the final study, the scores on 17 and 50 epochs agree only weakly")


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
    one_shot, final = made.at_the_others_cost
    changed = replace(made, at_the_others_cost=(one_shot, replace(final, scores=2)))
    text = said(changed, "What did each study cost")
    assert "is the highest of 2, so it is probably too high; the configuration" in text


def test_studies_of_equal_cost_are_compared_as_they_are(made: ComparisonReport) -> None:
    one_shot, final = made.comparison.sides
    comparison = replace(made.comparison, one_shot=replace(one_shot, cost=final.cost))
    text = said(replace(made, comparison=comparison), "What did each study cost")
    assert text.startswith("Both studies cost 1,818 epochs × trials (27 s against 27 s")
    assert text.endswith("is also a comparison at equal cost.")


@pytest.mark.parametrize(
    ("gain", "wins", "words"),
    [
        ((0.5, 1.5), (0.6, 0.9), "At equal cost the final study's incumbent scores higher than"),
        ((-1.5, -0.5), (0.1, 0.4), "At equal cost the one-shot study's incumbent scores higher"),
        ((0.5, 1.5), (0.4, 0.9), "At equal cost the re-runs do not show which incumbent"),
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
    text = said(replace(made, equal_cost=early), "What did each study cost")
    assert "re-run, the configuration has a mean of 21.00 [20.50, 21.50] dB (n = 16)" in text
    assert words in text
    assert "n = 16 and 12." in text


def test_a_final_incumbent_may_exist_at_equal_cost(made: ComparisonReport) -> None:
    one_shot, final = made.at_the_others_cost
    early = replace(final, incumbent=made.comparison.final.incumbent, is_last=True)
    text = said(replace(made, at_the_others_cost=(one_shot, early)), "What did each study cost")
    assert "is also a comparison at equal cost. What the one-shot study would" in text


def test_nothing_may_have_finished_at_equal_cost(made: ComparisonReport) -> None:
    one_shot, final = made.at_the_others_cost
    early = replace(final, incumbent=None, is_last=False)
    text = said(replace(made, at_the_others_cost=(one_shot, early)), "What did each study cost")
    assert "the one-shot study, none of its evaluations had finished. What" in text


@pytest.mark.parametrize(
    ("observed", "n", "judged"),
    [
        (79.0, 80, "was too good, the winner's curse: observed 79.00 dB, at least as high by "
         "chance: 1 of 80 re-runs (1.2%)."),
        (78.0, 80, "was as high as chance gives: observed 78.00 dB, at least as high by chance: "
         "2 of 80 re-runs (2.5%)."),
        (99.0, 39, "has too few re-runs to be judged: observed 99.00 dB, at least as high by "
         "chance: 0 of 39 re-runs (0.0%)."),
    ],
)  # fmt: skip
def test_the_winners_curse_is_a_rare_score(
    made: ComparisonReport, observed: float, n: int, judged: str
) -> None:
    final = made.comparison.final
    side = replace(final, curse=winners_curse(observed, np.arange(n)))
    changed = replace(made, comparison=replace(made.comparison, final=side))
    text = said(changed, "Were the observed scores")
    assert f"The final study's incumbent {judged} Observed minus mean of re-runs: +" in text


def test_table_and_answer_give_the_same_chance(made: ComparisonReport) -> None:
    cells = {label: of_final for label, _, of_final in rows(made.comparison)}
    assert cells["Chance of as high a score"] in said(made, "Were the observed scores")
    assert cells["Observed minus mean of re-runs (dB)"].startswith("+")


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        ((0.1, 1.0), (0.1, 1.0), "the final study's incumbent is the better one, as here:"),
        ((0.1, 1.0), (-1.0, -0.1), "one-shot study's incumbent is the better one, the reverse"),
        ((-0.1, 1.0), (0.1, 1.0), "the final study's incumbent is the better one:"),
        ((0.1, 1.0), (-0.1, 1.0), "the two do not differ beyond chance:"),
    ],
)
def test_the_order_on_both_problems_is_compared(
    made: ComparisonReport, here: tuple[float, float], there: tuple[float, float], words: str
) -> None:
    assert made.crossed is not None
    contrast = replace(made.crossed.contrast, difference=Estimate(0.0, *there, 10))
    changed = replace(
        made,
        comparison=replace(made.comparison, gain=Estimate(0.0, *here, 10)),
        crossed=replace(made.crossed, contrast=contrast),
    )
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
    assert made.exchange is not None
    effects = replace(
        made.exchange,
        architecture_effect=Estimate(0.0, *architectures, 10),
        training_effect=Estimate(0.0, *training, 10),
    )
    assert words in said(replace(made, exchange=effects), "Where does the difference come from")


def test_an_interaction_beyond_chance_is_reported(made: ComparisonReport) -> None:
    assert made.exchange is not None
    effects = replace(made.exchange, interaction=Estimate(1.0, 0.5, 1.5, 10))
    text = said(replace(made, exchange=effects), "Where does the difference come from")
    assert "interaction +1.00 dB (95%: +0.50 to +1.50)" in text


def test_equal_incumbents_are_reported(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        for name in ("one", "two"):
            filled(store, name, "one-shot" if name == "one" else "final", seed=1, reruns=4)
        same = id_of(6, 50, "rerun", 1)
        run(store, store.study("two"), same, Hyperparameters(param_lr=7e-3), [(20.0, 21.0)])
        found = comparison_report(load_from(store, "one"), load_from(store, "two"))
    assert said(found, "Which objective").startswith("Both studies have the same incumbent")
