"""What a comparison says in words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from configspace.hyperparameters import Hyperparameters
from results.comparison.answers import answers, closeness, sign
from results.comparison.report import Early, Report, report
from results.comparison.table import rows
from results.frames.study import load_from
from results.stats.estimates import Estimate
from results.stats.probability_of_improvement import Contrast, ProbabilityOfImprovement
from results.stats.winners_curse import winners_curse
from results.store.store import Store
from tests.results.comparison.reports import made_up_runs
from tests.results.made_up import filled, id_of, run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder: Path = tmp_path_factory.mktemp("report")
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        filled(store, "two", "final", seed=2, reruns=16)
        frames = load_from(store, "one"), load_from(store, "two")
    return report(*frames, made_up_runs(*frames, crossed=(18.0, 16.0), training=1.5))


def said(made: Report, question: str) -> str:
    """Return the one answer to the question that begins so."""
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
def test_two_rankings_go_together_as_the_interval_says(low: float, high: float, word: str) -> None:
    assert closeness(Estimate((low + high) / 2, low, high, 20)) == word


def test_a_perfect_ranking_of_few_is_no_close_one() -> None:
    assert closeness(Estimate(1.0, 1.0, 1.0, 9)) == "few"
    assert closeness(Estimate(1.0, 1.0, 1.0, 10)) == "closely"


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.1, 1.0, 1), (-1.0, -0.1, -1), (-1, 1, 0), (np.nan, np.nan, 0)]
)
def test_a_difference_has_a_sign_where_its_interval_leaves_out_0(
    low: float, high: float, expected: int
) -> None:
    assert sign(Estimate(0.5, low, high, 10)) == expected


def test_every_question_is_answered_with_its_rule_and_what_was_not_run_is_left_out(
    made: Report,
) -> None:
    assert len(answers(made)) == 7
    assert all(one.text.endswith(".") and one.rule.endswith(".") for one in answers(made))
    without = replace(made, crossed=None, exchange=None)
    assert [one.question for one in answers(without)] == [one.question for one in answers(made)[:5]]


@pytest.mark.parametrize("question", ["What did each study cost", "Were the observed scores"])
def test_the_documentation_has_the_rule_word_for_word(made: Report, question: str) -> None:
    told = (Path(__file__).parents[3] / "docs" / "comparison.md").read_text().replace("*", "")
    (rule,) = (one.rule for one in answers(made) if one.question.startswith(question))
    assert f"| {rule} |" in told


def test_budgets_with_few_configurations_in_common_are_not_judged(made: Report) -> None:
    assert said(made, "Do small budgets").startswith("No smaller budget has 10 configurations")
    one_shot, final = made.rankings
    many = replace(final[0], spearman=Estimate(0.3, 0.1, 0.45, 30))
    text = said(replace(made, rankings=(one_shot, (many,))), "Do small budgets")
    assert text.startswith("Of the scores, in the final study those of 17 and 50 epochs agree only")


def test_the_dearer_study_is_looked_at_when_it_had_cost_what_the_cheaper_one_did(
    made: Report,
) -> None:
    text = said(made, "What did each study cost")
    assert text.startswith(
        "The final study cost 2.00 times as many epochs × trials as the one-shot study (1,818 "
        "against 909; 27 s against 18 s on the workers). "
    )
    assert "its best was (0, 0, 0)" in text
    assert "the comparison of the re-runs is none at equal cost" in text
    assert "the highest of 1, so too high by selection, and that configuration was not" in text
    assert text.endswith(
        "What the one-shot study would have reached at the final study's cost is unknown: it had "
        "ended."
    )


@pytest.mark.parametrize(
    ("gain", "wins", "words"),
    [
        ((0.5, 1.5), (0.6, 0.9), "At equal cost the final study's incumbent scores higher than"),
        ((-1.5, -0.5), (0.1, 0.4), "At equal cost the one-shot study's incumbent scores higher"),
        ((0.5, 1.5), (0.4, 0.9), "At equal cost the re-runs do not tell which incumbent"),
    ],
)
def test_what_was_re_run_at_equal_cost_is_judged_as_the_incumbents_are(
    made: Report, gain: tuple[float, float], wins: tuple[float, float], words: str
) -> None:
    early = Early(
        objective=Estimate(21.0, 20.5, 21.5, 16),
        architecture=Estimate(21.0, 20.5, 21.5, 16),
        contrast=Contrast(
            Estimate(sum(gain) / 2, *gain, 12),
            ProbabilityOfImprovement(0.5, *wins, 16, 12),
            paired=False,
        ),
    )
    text = said(replace(made, early=early), "What did each study cost")
    assert "re-run it has a mean of 21.00 [20.50, 21.50] dB (n = 16)" in text
    assert words in text
    assert "n = 16 and 12." in text


def test_a_final_incumbent_that_was_there_in_time_is_one_at_equal_cost(made: Report) -> None:
    one_shot, final = made.at_the_others_cost
    early = replace(final, incumbent=made.comparison.final.incumbent, is_last=True)
    text = said(replace(made, at_the_others_cost=(one_shot, early)), "What did each study cost")
    assert "one at equal cost, too. What the one-shot study would" in text


def test_a_study_without_an_evaluation_by_then_had_nothing(made: Report) -> None:
    one_shot, final = made.at_the_others_cost
    early = replace(final, incumbent=None, is_last=False)
    text = said(replace(made, at_the_others_cost=(one_shot, early)), "What did each study cost")
    assert "At the latter's cost nothing of it had finished. What" in text


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
def test_the_winners_curse_is_a_score_that_is_rare_among_the_re_runs(
    made: Report, observed: float, n: int, judged: str
) -> None:
    final = made.comparison.final
    side = replace(final, curse=winners_curse(observed, np.arange(n)))
    changed = replace(made, comparison=replace(made.comparison, final=side))
    text = said(changed, "Were the observed scores")
    assert f"The final study's incumbent {judged} Observed minus mean of re-runs: +" in text


def test_the_table_tells_the_chance_of_an_observed_score_as_the_answer_does(made: Report) -> None:
    cells = {label: of_final for label, _, of_final in rows(made.comparison)}
    assert cells["Chance of as high a score"] in said(made, "Were the observed scores")
    assert cells["Observed minus mean of re-runs (dB)"].startswith("+")


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        ((0.1, 1.0), (0.1, 1.0), "the final study's incumbent is the better one as well:"),
        ((0.1, 1.0), (-1.0, -0.1), "one-shot study's incumbent is the better one, the other way"),
        ((-0.1, 1.0), (0.1, 1.0), "the final study's incumbent is the better one:"),
        ((0.1, 1.0), (-0.1, 1.0), "the two do not differ beyond chance:"),
    ],
)
def test_the_order_on_the_other_problem_is_set_beside_the_order_here(
    made: Report, here: tuple[float, float], there: tuple[float, float], words: str
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
        ((-1.0, 1.0), (-1.0, 1.0), "No effect is shown of either"),
    ],
)
def test_a_gain_comes_from_what_has_an_effect_beyond_chance(
    made: Report, architectures: tuple[float, float], training: tuple[float, float], words: str
) -> None:
    assert made.exchange is not None
    effects = replace(
        made.exchange,
        architecture_effect=Estimate(0.0, *architectures, 10),
        training_effect=Estimate(0.0, *training, 10),
    )
    assert words in said(replace(made, exchange=effects), "Where does the difference come from")


def test_an_interaction_beyond_chance_is_told(made: Report) -> None:
    assert made.exchange is not None
    effects = replace(made.exchange, interaction=Estimate(1.0, 0.5, 1.5, 10))
    text = said(replace(made, exchange=effects), "Where does the difference come from")
    assert "interaction +1.00 dB (95%: +0.50 to +1.50)" in text


def test_an_incumbent_that_both_studies_found_is_told(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        for name in ("one", "two"):
            filled(store, name, "one-shot" if name == "one" else "final", seed=1, reruns=4)
        same = id_of(6, 50, "rerun", 1)
        run(store, store.study("two"), same, Hyperparameters(param_lr=7e-3), [(20.0, 21.0)])
        found = report(load_from(store, "one"), load_from(store, "two"))
    assert said(found, "Which objective").startswith("Both studies have the same incumbent")
