from typing import Any

import pytest

from configspace.architecture import ArchitectureSettings
from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from configspace.operations import operations, parametric_name, parse_operation
from configspace.search import SearchSettings
from configspace.study import Study

POINTS = ["learnable_gradient(tau=0.2)", "learnable_gradient(tau=0.2,dilation=1.5)"]
CONTINUOUS = {"continuous": ["tau", "dilation"], "points": POINTS}


def settings(space: str, names: str) -> ArchitectureSettings:
    return ArchitectureSettings.model_validate({"space": space, "operations": names})


def test_the_good_operations_are_the_trained_ones() -> None:
    assert operations(settings("sequential", "good")) == ("learnable_gradient", "cnn")


@pytest.mark.parametrize("names", ["good", "all"])
def test_only_the_cell_space_has_zero(names: str) -> None:
    sequential = operations(settings("sequential", names))
    assert operations(settings("cell", names)) == (*sequential, "zero")
    assert "zero" not in sequential


@pytest.mark.parametrize(
    ("name", "base", "parameters"),
    [
        ("learnable_gradient", "learnable_gradient", {}),
        (POINTS[1], "learnable_gradient", {"tau": 0.2, "dilation": 1.5}),
        ("cnn(dilation=0.1)", "cnn", {"dilation": 0.1}),
        ("noise(tau=1e-05)", "noise", {"tau": 1e-5}),
    ],
)
def test_a_name_and_its_parts_are_equivalent(
    name: str, base: str, parameters: dict[str, float]
) -> None:
    assert parse_operation(name) == (base, parameters)
    assert parametric_name(base, **parameters) == name


def test_the_order_of_the_parameters_is_fixed() -> None:
    swapped = parametric_name("learnable_gradient", dilation=2, tau=1)
    assert swapped == "learnable_gradient(tau=1.0,dilation=2.0)"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cnn(tau=0.2)", "'cnn': expected parameters among .*, got 'tau'"),
        ("roll(tau=0.2)", "'roll': expected parameters among"),
        ("zero(tau=0.2)", "'zero': expected parameters among"),
        ("cnn(dilation=0.0)", "expected dilation above 0 and up to 1000000, got 0.0"),
        ("cnn(dilation=nan)", "expected dilation above 0"),
        ("cnn(dilation=inf)", "expected dilation above 0"),
        ("cnn(dilation=two)", "expected a number as dilation in .*, got 'two'"),
        ("cnn(dilation=2)", r"expected the name 'cnn\(dilation=2\.0\)', got 'cnn\(dilation=2\)'"),
        ("cnn(dilation=2.0,)", "expected an operation such as"),
        ("cnn()", "expected an operation such as"),
        ("cnn(dilation=2.0", "expected an operation such as"),
        ("cnn(dilation=2.0,dilation=2.0)", "expected the name"),
    ],
)
def test_a_name_with_bad_parameters_is_refused(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_operation(name)


def test_points_replace_the_operation_set() -> None:
    architecture = ArchitectureSettings.model_validate(CONTINUOUS)
    assert operations(architecture) == tuple(POINTS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"continuous": ["tau"], "space": "cell"}, "continuous: expected none except in the seq"),
        ({"continuous": ["tau"], "custom": ["mine:A"]}, "continuous: expected none except in"),
        ({"continuous": ["tau", "tau"]}, "continuous: expected each parameter once"),
        ({"points": POINTS}, "points: expected learnable_gradient with parameters among"),
        ({**CONTINUOUS, "continuous": ["tau"]}, "among continuous = .*, got .*dilation=1.5"),
        ({**CONTINUOUS, "points": POINTS[:1]}, "points: expected two or more that differ"),
        ({**CONTINUOUS, "points": POINTS[:1] * 2}, "points: expected two or more that differ"),
        ({**CONTINUOUS, "points": ["cnn", "cnn(dilation=2.0)"]}, "points: expected learnable_gra"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ArchitectureSettings.model_validate(settings)


def test_darts_single_takes_no_points() -> None:
    with pytest.raises(ValueError, match="points: expected none with the variant 'darts-single'"):
        Study.model_validate(
            {
                "name": "s",
                "objective": "final",
                "architecture": CONTINUOUS,
                "search": {"variant": "darts-single"},
            }
        )


def test_continuous_parameters_change_the_digest() -> None:
    def digest(**settings: Any) -> str:
        architecture = ArchitectureSettings.model_validate(settings)
        return Study(name="s", objective="final", architecture=architecture).digest()

    assert digest(continuous=[], points=[]) == digest()
    assert len({digest(), digest(continuous=["tau"]), digest(**CONTINUOUS)}) == 3


def test_a_condition_without_parameters_keeps_its_seeds() -> None:
    def seeds(architecture: ArchitectureSettings) -> tuple[int, ...]:
        condition = Condition(
            campaign="c",
            name="a",
            architecture=architecture,
            search=SearchSettings(),
            preset="H1",
            hyperparameters=Hyperparameters(),
            trials=2,
        )
        return condition.trial_seeds(range(2))

    # Recorded before there were continuous parameters.
    recorded = (4685914503243427727, 5982376767530758114)
    assert seeds(ArchitectureSettings(continuous=(), points=())) == recorded
    assert seeds(ArchitectureSettings(continuous=("tau",))) != recorded
