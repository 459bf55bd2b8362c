"""Retrainings with continuous parameters: every engine computes those of the reference in float64.

The tolerance is that of `tests.worker.engine.test_agreement`: 1e-4 of a loss.
"""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from configspace.hyperparameters import Hyperparameters
from tests.worker.made_up import HYPERPARAMETERS, batch_of, with_parameters
from tests.worker.torch_engine.test_parameters import ARCHITECTURES, DILATIONS, TAUS
from worker.engine.contract import Batch, Engine
from worker.numba_engine.engine import NumbaEngine
from worker.torch_engine.engine import TorchEngine

pytestmark = pytest.mark.slow

TOLERANCE = 1e-4


def quiet(done: int, of: int) -> None:
    pass


@pytest.fixture(params=["numba", "torch"], scope="module")
def engine(request: pytest.FixtureRequest) -> Engine:
    return NumbaEngine(1) if request.param == "numba" else TorchEngine()


def assert_retrainings_agree(engine: Engine, batch: Batch, picks: NDArray[np.int64]) -> None:
    found = engine.retrain(batch, picks, quiet)
    expected = TorchEngine(dtype=torch.float64).retrain(batch, picks, quiet)
    np.testing.assert_allclose(found.train_loss, expected.train_loss, rtol=TOLERANCE)
    np.testing.assert_allclose(found.train_psnr, expected.train_psnr, atol=1e-3)
    np.testing.assert_allclose(found.psnr, expected.psnr, atol=1e-3)


@pytest.mark.parametrize(
    ("kernel_size", "points", "batch_size", "channels"),
    [(3, 50, 128, 8), (3, 23, 37, 6), (5, 50, 128, 8), (5, 9, 5, 1)],
)
def test_mixed_architectures_agree(
    engine: Engine, kernel_size: int, points: int, batch_size: int, channels: int
) -> None:
    batch = batch_of(
        *HYPERPARAMETERS,
        kernel_size=kernel_size,
        points=points,
        batch_size=batch_size,
        channels=channels,
        batches=1,
        epochs=10,
    )
    batch = with_parameters(batch, tau=TAUS, dilation=DILATIONS)
    assert_retrainings_agree(engine, batch, ARCHITECTURES)


@pytest.mark.parametrize("dilation", [0.5, 2.0, 3.7, 60.0])
def test_points_of_the_plane_agree(engine: Engine, dilation: float) -> None:
    # A few steps: deep networks of good operations amplify rounding errors.
    batch = batch_of(Hyperparameters(), layers=10, channels=16, points=50, epochs=2)
    batch = with_parameters(batch, tau=0.05, dilation=dilation)
    assert_retrainings_agree(engine, batch, np.zeros((1, 10), np.int64))


def test_layers_without_weights_agree(engine: Engine) -> None:
    batch = with_parameters(batch_of(*HYPERPARAMETERS[:2]), tau=[[0.1, 0.2, 0.3], [0.5, 0.9, 0.1]])
    assert_retrainings_agree(engine, batch, np.array([[2, 2, 3], [3, 3, 3]]))


def test_the_settings_as_parameters_keep_every_bit() -> None:
    batch = batch_of(*HYPERPARAMETERS)
    found = NumbaEngine(1).retrain(with_parameters(batch), ARCHITECTURES, quiet)
    expected = NumbaEngine(1).retrain(batch, ARCHITECTURES, quiet)
    np.testing.assert_array_equal(found.train_loss, expected.train_loss)
    np.testing.assert_array_equal(found.psnr, expected.psnr)


def test_a_dilation_just_above_one_changes_little() -> None:
    # The direct filtering of the interpolated taps against Winograd's.
    batch = batch_of(*HYPERPARAMETERS)
    near = with_parameters(batch, dilation=1.0 + 1e-7)
    found = NumbaEngine(1).retrain(near, ARCHITECTURES, quiet)
    expected = NumbaEngine(1).retrain(batch, ARCHITECTURES, quiet)
    np.testing.assert_allclose(found.train_loss, expected.train_loss, rtol=TOLERANCE)


def test_dilated_trials_do_not_depend_on_their_batch() -> None:
    batch = with_parameters(batch_of(*HYPERPARAMETERS), tau=TAUS, dilation=DILATIONS)
    together = NumbaEngine(2).retrain(batch, ARCHITECTURES, quiet)
    for trial, hyper in enumerate(HYPERPARAMETERS):
        alone = batch_of(hyper, first_seed=int(batch.seeds[trial]))
        alone = with_parameters(alone, tau=TAUS[trial], dilation=DILATIONS[trial])
        apart = NumbaEngine(1).retrain(alone, ARCHITECTURES[trial : trial + 1], quiet)
        assert apart.psnr[0] == together.psnr[trial]
        np.testing.assert_array_equal(apart.train_loss[0], together.train_loss[trial])
