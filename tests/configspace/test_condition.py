import json
from collections import Counter
from typing import Any

import pytest
from pydantic import ValidationError

from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from configspace.settings import Difference


def condition(**changes: Any) -> Condition:
    values = {
        "campaign": "c",
        "name": "one",
        "preset": "H1",
        "hyperparameters": Hyperparameters(),
        "trials": 10,
    }
    return Condition.model_validate({**values, **changes})


def test_a_condition_survives_json() -> None:
    given = condition(method="given", architectures=[["cnn"] * 10] * 10)
    for one in (condition(), given):
        assert Condition.model_validate(json.loads(json.dumps(one.model_dump(mode="json")))) == one


@pytest.mark.parametrize("change", [{"name": "two"}, {"campaign": "d"}, {"trials": 99}])
def test_names_and_trial_counts_change_no_seed(change: dict[str, Any]) -> None:
    assert condition(**change).trial_seeds(range(5)) == condition().trial_seeds(range(5))


def test_limits_change_no_digest() -> None:
    limited = condition(evaluation={"trials": 3, "time_limit": "2h", "memory_limit": "1GB"})
    assert limited.digest() == condition().digest()


def test_recorded_signals_change_no_seed() -> None:
    recorded = condition(evaluation={"signals": ["short"], "short_fraction": 0.3})
    assert recorded.digest() == condition().digest()
    assert condition().differences(recorded) == []


def test_a_recorded_short_signal_keeps_its_fraction() -> None:
    tenth, third = (
        condition(evaluation={"signals": ["short"], "short_fraction": fraction})
        for fraction in (0.1, 0.3)
    )
    assert tenth.differences(third) == [Difference("evaluation.short_fraction", 0.1, 0.3)]


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"epochs": 51},
        {"method": "random"},
        {"problem": {"name": "downsampling"}},
        {"architecture": {"operations": "good"}},
        {"search": {"alpha_scale": 0.1}},
        {"hyperparameters": Hyperparameters(alpha_lr=0.1)},
    ],
)
class TestASettingThatDecidesResults:
    def test_changes_every_seed(self, change: dict[str, Any]) -> None:
        assert not set(condition(**change).trial_seeds(range(50))) & set(
            condition().trial_seeds(range(50))
        )

    def test_is_a_difference(self, change: dict[str, Any]) -> None:
        (difference,) = condition().differences(condition(**change))
        assert difference.expected != difference.found


def test_a_difference_has_its_key_and_both_values() -> None:
    (difference,) = condition().differences(condition(epochs=51))
    assert difference == Difference("epochs", expected=50, found=51)


def test_other_given_architectures_are_differences() -> None:
    one = condition(method="given", architectures=[["cnn"] * 10], trials=1)
    other = condition(method="given", architectures=[["roll"] * 10] * 2, trials=2)
    assert one.differences(other) == [
        Difference("architecture 0", expected=("cnn",) * 10, found=("roll",) * 10)
    ]


def test_seeds_are_the_recorded_ones() -> None:
    assert condition().trial_seeds(range(2)) == (4685914503243427727, 5982376767530758114)


def test_a_search_has_no_fixed_architecture() -> None:
    assert condition().fixed_architectures(range(3)) is None


@pytest.mark.parametrize(
    ("method", "operation"),
    [("learnable-gradient-only", "learnable_gradient"), ("nets-only", "cnn")],
)
def test_a_baseline_has_one_operation_everywhere(method: str, operation: str) -> None:
    baseline = condition(method=method, architecture={"layers": 3})
    assert baseline.fixed_architectures(range(2)) == ((operation,) * 3,) * 2


def test_a_random_architecture_depends_on_its_trial_alone() -> None:
    random = condition(method="random")
    drawn = random.fixed_architectures(range(9))
    assert drawn is not None
    assert random.fixed_architectures(range(7, 9)) == drawn[7:9]


def test_random_architectures_use_all_operations_equally() -> None:
    drawn = condition(method="random").fixed_architectures(range(400))
    assert drawn is not None
    counts = Counter(name for architecture in drawn for name in architecture)
    assert sum(counts.values()) == 4000
    assert all(900 < counts[name] < 1100 for name in counts)  # 1000 ± 3.6 deviations
    assert len(counts) == 4
    assert len(set(drawn)) == 400  # among 4^10 possible ones


def test_random_cells_may_omit_edges() -> None:
    random = condition(method="random", architecture={"space": "cell", "operations": "good"})
    (drawn,) = random.fixed_architectures(range(1)) or ()
    assert len(drawn) == 30
    assert set(drawn) == {"learnable_gradient", "cnn", "zero"}


def test_settings_of_another_space_change_no_seed() -> None:
    other = condition(architecture={"states": 4})
    assert other.digest() == condition().digest()
    assert condition().differences(other) == []


@pytest.mark.parametrize("method", ["darts-single", "darts-second-order", "rs-ws", "r-darts-l2"])
def test_a_search_is_a_variant(method: str) -> None:
    made = condition(method=method, search={"variant": method})
    assert made.fixed_architectures(range(1)) is None
    assert made.digest() != condition().digest()


def test_settings_of_another_method_change_no_seed() -> None:
    other = condition(search={"rs_ws": {"architectures": 500}})
    assert other.digest() == condition().digest()
    assert condition().differences(other) == []


def test_a_random_search_uses_its_settings() -> None:
    one, other = (
        condition(method="rs-ws", search={"variant": "rs-ws", "rs_ws": {"batches": batches}})
        for batches in (10, 5)
    )
    assert one.digest() != other.digest()
    assert [found.key for found in one.differences(other)] == ["search.rs_ws.batches"]


def test_a_selecting_search_depends_on_its_retraining() -> None:
    tenth, third = (
        condition(
            method="best-of-four",
            search={"variant": "best-of-four"},
            evaluation={"short_fraction": fraction},
        )
        for fraction in (0.1, 0.3)
    )
    assert tenth.digest() != third.digest()
    assert [found.key for found in tenth.differences(third)] == ["evaluation.short_fraction"]


def test_more_architectures_may_be_given() -> None:
    listed = [["cnn"] * 10, ["roll"] * 10]
    one = condition(method="given", architectures=listed[:1], trials=1)
    two = condition(method="given", architectures=listed, trials=2)
    assert two.trial_seeds(range(1)) == one.trial_seeds(range(1))
    assert two.fixed_architectures(range(1, 2)) == (("roll",) * 10,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architectures": [["cnn"] * 10] * 10}, "for the method 'given', and for no other method"),
        ({"method": "given"}, "for the method 'given', and for no other method"),
        ({"method": "given", "architectures": [["cnn"] * 10]}, "one for each of 10 trials, got 1"),
        ({"method": "given", "architectures": [["cnn"]] * 10}, "10 operations each, got 1"),
        ({"method": "darts-single"}, "expected 'darts-single', since the method is"),
        (
            {
                "method": "darts-single",
                "search": {"variant": "darts-single"},
                "architecture": {"custom": ["some.module:Operation"]},
            },
            "custom: expected none with the variant 'darts-single'",
        ),
    ],
)
def test_an_inconsistent_condition_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        condition(**change)


def test_recorded_eigenvalues_are_those_of_one_hessian() -> None:
    recorded = condition(evaluation={"signals": ["eigenvalue"]})
    search = {"hessian": {"every": 5}}
    changed = condition(evaluation={"signals": ["eigenvalue"]}, search=search)
    assert recorded.differences(changed) == [Difference("search.hessian.every", 2, 5)]
    assert recorded.digest() == changed.digest()
    assert condition().differences(changed) == []


def test_listed_seeds_are_repeated() -> None:
    listed = condition(seeds=[5, 7])
    assert listed.trial_seeds(range(1, 4)) == (7, 5, 7)
    assert listed.digest() != condition().digest()
