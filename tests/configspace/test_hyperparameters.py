import pytest
from pydantic import ValidationError

from configspace.hyperparameters import (
    DOMAINS,
    LABELS,
    Hyperparameters,
    Interval,
    Levels,
    preset_names,
)


def test_all_eight_are_in_the_papers_order() -> None:
    assert list(DOMAINS) == list(Hyperparameters.model_fields) == list(LABELS)
    assert len(DOMAINS) == 8


def test_the_defaults_are_h1() -> None:
    assert Hyperparameters.preset("H1") == Hyperparameters()


def test_the_presets_are_the_papers_eight() -> None:
    assert preset_names() == (
        "H1",
        "H2",
        "BOHB-one-shot-Blur",
        "BOHB-one-shot-DS",
        "BOHB-Blur",
        "BOHB-DAS-single",
        "BOHB-Non-Seq-one-shot-Blur",
        "BOHB-Non-Seq-Blur",
    )


def test_a_preset_has_table_7s_values() -> None:
    assert Hyperparameters.preset("BOHB-Blur").model_dump() == {
        "param_lr": 0.0020882283,
        "param_weight_decay": 4.4e-8,
        "param_warm_up": False,
        "alpha_lr": 8.43195e-05,
        "alpha_weight_decay": 0.0127425783,
        "alpha_warm_up": True,
        "alpha_scheduler": "linear",
        "alpha_optimizer": "adam",
    }


@pytest.mark.parametrize("name", preset_names()[2:])
def test_bohbs_presets_lie_in_the_ranges(name: str) -> None:
    for key, value in Hyperparameters.preset(name).model_dump().items():
        match DOMAINS[key]:
            case Interval(low, high):
                assert low <= value <= high
            case Levels(values):
                assert value in values


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(KeyError, match=r"expected one of the presets H1, H2, BOHB-.*, got 'H3'"):
        Hyperparameters.preset("H3")


@pytest.mark.parametrize(
    "wrong", [{"param_lr": -1.0}, {"alpha_lr": float("nan")}, {"alpha_optimizer": "sgd"}, {"x": 1}]
)
def test_an_invalid_value_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Hyperparameters.model_validate(wrong)


def test_hyperparameters_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Hyperparameters().param_lr = 1.0  # type: ignore[misc]
