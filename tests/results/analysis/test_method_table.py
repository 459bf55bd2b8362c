"""Methods as tables and sentences."""

from pathlib import Path

import numpy as np
import pytest

from results.analysis.method_runs import load_methods
from results.analysis.method_table import frame, gains_grid, notes, scores_grid, sentences
from results.analysis.methods import JudgedMethods, judge
from results.store.store import Store
from tests.results.analysis.made_up_methods import condition, group, normal, write


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> JudgedMethods:
    url = f"sqlite:///{tmp_path_factory.mktemp('made') / 'store.db'}"
    scores = {"darts": normal(20.0), "darts-es": normal(23.0, seed=1), "random": normal(20.0)}
    with Store.open(url) as store:
        found = {condition("many", name): values for name, values in scores.items()}
        write(store, found, crashed=1)
    return judge(load_methods(url, ["many"])[0])


def test_each_method_has_a_row_of_scores(judged: JudgedMethods) -> None:
    rows = scores_grid(judged).rows
    assert [row[:3] for row in rows] == [
        ("darts", "32", "1"),
        ("darts-es", "32", "1"),
        ("random", "32", "1"),
    ]
    assert rows[0][3].startswith("20.00 [19.")
    assert [row[5:] for row in rows] == [("0%", "100"), ("0%", "100"), ("0%", "50")]


def test_each_comparison_has_a_row(judged: JudgedMethods) -> None:
    rows = gains_grid(judged).rows
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("darts-es", "darts", "higher"),
        ("random", "darts", "undecided"),
        ("darts", "best of 2 random", "undecided"),
        ("darts-es", "best of 2 random", "higher"),
    ]
    assert rows[0][2:4][0] == "20.00"
    assert rows[0][3].startswith("+3.00 [+2.")


def test_the_verdicts_are_sentences(judged: JudgedMethods) -> None:
    assert sentences(judged) == [
        "Next to darts (intervals of 97.5%): higher: darts-es; undecided: random.",
        "Next to random at equal cost (intervals of 97.5%): higher: darts-es; undecided: darts.",
        "Crashed trials have no score, so the mean leaves them out: 1 of darts, 1 of darts-es, "
        "1 of random.",
        "Not all trials have ended: darts (33 of 40), darts-es (33 of 40), random (33 of 40).",
    ]


def test_a_stopped_search_is_said_to_cost_a_whole_one(judged: JudgedMethods) -> None:
    (cost,) = (note for note in notes([judged]) if note.startswith("Cost"))
    assert "that of darts-es is the cost of a search that is not stopped" in cost
    assert "darts-ada" not in cost


def test_missing_references_are_named(tmp_path: Path) -> None:
    made = group(f"sqlite:///{tmp_path / 'store.db'}", {"r-darts-dp": normal(20.0, n=40)})
    judged = judge(made)
    assert [row[4] for row in gains_grid(judged).rows] == ["no darts", "no random"]
    assert sentences(judged) == [
        f"The campaign has no condition with {one} and these settings."
        for one in ("darts", "random", "best-of-four")
    ]
    assert frame([judged])["darts_verdict"].tolist() == ["no darts"]


def test_the_frame_has_one_row_per_method(judged: JudgedMethods) -> None:
    found = frame([judged]).set_index("method")
    assert [*found.index] == ["darts", "darts-es", "random"]
    assert found["random_k"].dropna().tolist() == [2, 2]
    assert found["above_darts"].round(9).fillna(np.inf).tolist() == [np.inf, 3.0, 0.0]
    assert (found["planned"] == 40).all()
