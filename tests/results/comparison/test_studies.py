"""Which studies can be compared, and what a comparison and its studies are called."""

from typing import Any

import pytest

from configspace.errors import StudyError
from configspace.study import Study
from results.comparison.studies import check_comparable, groups, heading, in_order, labels, stem


def study(name: str, objective: str = "one-shot", **settings: Any) -> Study:
    return Study.model_validate({"name": name, "objective": objective, **settings})


ONE, TWO, FINAL = study("one"), study("two"), study("final", "final")


@pytest.mark.parametrize("given", [[ONE, TWO, FINAL], [FINAL, ONE, TWO], [ONE, FINAL, TWO]])
def test_the_reference_comes_last(given: list[Study]) -> None:
    assert in_order(given) == (ONE, TWO, FINAL)


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ([FINAL], "name at least one more study"),
        ([ONE], "add the final study, with which the others are compared"),
        ([ONE, TWO], "add the final study, with which the others are compared"),
        ([ONE, FINAL, study("b", "final")], "keep one of the final studies"),
        ([FINAL, study("b", "final")], "keep one of the final studies"),
    ],
)
def test_exactly_one_study_is_the_reference(given: list[Study], advice: str) -> None:
    with pytest.raises(StudyError, match=advice) as caught:
        check_comparable(given)
    assert "expected one study with objective 'final' and at least one with" in str(caught.value)
    for each in given:
        assert f"'{each.name}' with '{each.objective}'" in str(caught.value)


def test_a_study_named_twice_is_an_error() -> None:
    with pytest.raises(StudyError, match="expected each study once, got 'one' twice"):
        check_comparable([ONE, ONE, FINAL])


@pytest.mark.parametrize(
    ("settings", "differences"),
    [
        (
            {"problem": {"name": "downsampling"}},
            "problem.name: 'downsampling' in 'other', 'blur' in 'final'",
        ),
        ({"architecture": {"layers": 5}}, "architecture.layers: 5 in 'other', 10 in 'final'"),
        (
            {"architecture": {"operations": "good"}},
            "architecture.operations: 'good' in 'other', 'all' in 'final'",
        ),
        ({"search": {"batches": 2}}, "search.batches: 2 in 'other', 19 in 'final'"),
        (
            {"search": {"variant": "darts-single", "batches": 2}},
            "search.batches: 2 in 'other', 19 in 'final'",
        ),
        (
            {"bohb": {"max_epochs": 20}},
            "largest budget: 20 epochs in 'other', 50 in 'final'",
        ),
    ],
)
def test_different_tasks_are_an_error(settings: dict[str, Any], differences: str) -> None:
    with pytest.raises(StudyError, match="expected studies of the same task") as caught:
        check_comparable([ONE, study("other", **settings), FINAL])
    assert str(caught.value).endswith(f"'other' and 'final', which differ in {differences}")


@pytest.mark.parametrize(
    "settings",
    [
        {"seed": 5},
        {"search": {"variant": "darts-single"}},
        {"search": {"hessian": {"every": 1}}, "objective": "eigenvalue"},
        {"evaluation": {"trials": 3}},
        {"bohb": {"iterations": 2, "min_epochs": 2}},
        {"hyperparameters": {"param_lr": 1e-3}},
    ],
)
def test_studies_may_differ_in_what_is_compared(settings: dict[str, Any]) -> None:
    check_comparable([study("other", **settings), FINAL])


def test_each_final_study_has_its_comparison() -> None:
    other: dict[str, Any] = {"problem": {"name": "downsampling"}}
    rest = study("rest", **other), study("end", "final", **other)
    alone = study("alone", "final", architecture={"layers": 3})
    assert groups([FINAL, rest[0], ONE, alone, rest[1], TWO]) == [(ONE, TWO, FINAL), rest]


def test_names_of_files_name_every_study() -> None:
    assert stem(["one", "final"]) == "one-against-final"
    assert stem(["one", "two", "final"]) == "one-and-two-against-final"
    assert heading(["one", "two", "final"]) == "one, two against final"


def test_long_names_of_files_stay_different() -> None:
    long = [f"{letter * 99}" for letter in "abcd"]
    stems = [stem(long), stem([*long[:2], long[3]]), stem([long[1], long[0], long[3]])]
    assert len(set(stems)) == 3
    assert max(map(len, stems)) <= 240
    assert stem(long[:2]) == f"{long[0]}-against-{long[1]}"


def test_studies_with_one_objective_are_called_by_name() -> None:
    assert labels([ONE, FINAL]) == ("one-shot study", "final study")
    assert labels([ONE, TWO, FINAL]) == ("study one", "study two", "final study")
