from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.contract import Batch, Candidates
from worker.evaluation.architectures import indices_of, names_of, retraining_of, same_everywhere

POINTS = ("learnable_gradient(tau=0.2)", "learnable_gradient(tau=0.4,dilation=2.0)")


def continuous(**settings: Any) -> Batch:
    """Return two trials with three layers whose operations have parameters."""
    batch = batch_of(*HYPERPARAMETERS[:2])
    update = {"continuous": ("tau", "dilation"), **settings}
    return replace(batch, architecture=batch.architecture.model_copy(update=update))


def test_names_are_those_of_the_indices() -> None:
    batch = continuous(points=POINTS)
    architectures = [POINTS[:1] * 3, (POINTS[1], POINTS[0], POINTS[1])]
    assert names_of(batch, indices_of(batch, architectures)) == architectures


def test_the_same_operation_everywhere_may_be_zero() -> None:
    batch = in_cells(batch_of(operations="good"), cells=1, states=3)
    assert same_everywhere(batch, "zero") == [("zero",) * 6]


def test_an_operation_outside_the_set_is_refused() -> None:
    with pytest.raises(
        ValueError, match="expected an operation among learnable_gradient, cnn, got"
    ):
        same_everywhere(batch_of(operations="good"), "roll")


def test_a_finite_space_is_retrained_as_it_is() -> None:
    batch = batch_of()
    retrained, picks = retraining_of(batch, [("cnn", "roll", "noise")])
    assert retrained is batch
    assert picks.tolist() == [[1, 2, 3]]


def test_parameters_that_are_left_out_have_defaults() -> None:
    batch = continuous(tau=0.3)
    first = ("learnable_gradient(dilation=2.5)", "cnn", "noise(tau=0.5)")
    retrained, picks = retraining_of(batch, [first, ("learnable_gradient",) * 3])
    assert picks.tolist() == [[0, 1, 3], [0, 0, 0]]
    assert retrained.parameters is not None
    expected = [[[0.3, 2.5], [0.3, 1], [0.5, 1]], [[0.3, 1]] * 3]
    assert retrained.parameters.tolist() == expected


def test_plain_names_need_no_parameters() -> None:
    retrained, _ = retraining_of(continuous(), [("cnn",) * 3, ("roll",) * 3])
    assert retrained.parameters is None


def test_points_are_retrained_as_learnable_gradients() -> None:
    batch = continuous(points=POINTS)
    batch = replace(batch, candidates=Candidates(np.zeros((1, 3), np.int64), 1))
    retrained, picks = retraining_of(batch, [(POINTS[0],) * 3, (POINTS[1],) * 3])
    assert not picks.any()
    assert retrained.architecture == continuous().architecture
    assert retrained.candidates is None
    assert retrained.parameters is not None
    assert retrained.parameters[1].tolist() == [[0.4, 2.0]] * 3


def test_a_parameter_must_be_continuous() -> None:
    batch = continuous(continuous=("tau",))
    with pytest.raises(
        ValueError, match=r"among continuous = \('tau',\), got 'cnn\(dilation=2\.0\)'"
    ):
        retraining_of(batch, [("cnn(dilation=2.0)",) * 3] * 2)


def test_a_finite_space_has_no_parameters() -> None:
    with pytest.raises(ValueError, match=r"got 'cnn\(dilation=2\.0\)'"):
        retraining_of(batch_of(), [("cnn(dilation=2.0)",) * 3])
