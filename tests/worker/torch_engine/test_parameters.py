"""Continuous parameters on the torch engine, in double precision."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn.functional import conv1d

from configspace.search import RsWsSettings
from tests.worker.made_up import HYPERPARAMETERS, batch_of, with_parameters, with_points
from tests.worker.torch_engine.plain import DilatedConv1d
from tests.worker.torch_engine.test_gradients import (
    LIKE,
    assert_gradient_is_the_difference,
    sample_of,
)
from tests.worker.torch_engine.test_plain import (
    assert_retrainings_match_plain_modules,
    assert_searches_match_plain_modules,
)
from worker.engine.alpha import discretize
from worker.engine.contract import Batch, Candidates
from worker.engine.philox import Occasion
from worker.torch_engine.cnn import interpolations
from worker.torch_engine.engine import TorchEngine
from worker.torch_engine.training import Search, Training

ENGINE = TorchEngine(dtype=torch.float64)
POINTS = (
    "learnable_gradient(tau=0.05,dilation=0.6)",
    "learnable_gradient(tau=0.3,dilation=1.7)",
    "learnable_gradient(dilation=2.0)",
)
ARCHITECTURES = np.array([[0, 1, 3], [1, 2, 0], [2, 2, 3], [0, 0, 1]])
TAUS = [[0.05, 0.1, 0.3], [0.1, 0.1, 1.0], [0.2, 0.1, 0.4], [0.15, 0.02, 0.1]]
DILATIONS = [[0.5, 1.5, 1.0], [2.0, 1.0, 1.0], [1.0, 1.0, 1.0], [7.3, 1.0, 0.4]]
points_of = partial(with_points, batch_of(*HYPERPARAMETERS[:2], operations="good", layers=2))


def quiet(done: int, of: int) -> None:
    pass


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("taps", [3, 5])
def test_whole_dilations_are_those_of_conv1d(taps: int, dilation: int) -> None:
    weight = torch.arange(1.0, taps + 1, dtype=torch.float64)
    signals = torch.randn(4, 11, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    maps = torch.as_tensor(interpolations(np.array(float(dilation)), taps, 11))
    ours = torch.einsum("t,tij,bj->bi", weight, maps.view(taps, 11, 11), signals)
    padding = taps // 2 * dilation
    theirs = conv1d(signals[:, None], weight[None, None], padding=padding, dilation=dilation)[:, 0]
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("dilation", [0.3, 1.0, 2.5, 40.0])
def test_the_transpose_of_a_tap_is_its_mirror_image(dilation: float) -> None:
    maps = interpolations(np.array([dilation]), 5, 9).reshape(5, 9, 9)
    np.testing.assert_allclose(maps[::-1], maps.swapaxes(1, 2))


@pytest.mark.parametrize("dilation", [0.3, 2.5, 40.0])
def test_taps_read_between_the_samples(dilation: float) -> None:
    weight = [0.5, -2.0, 3.0]
    convolution = DilatedConv1d(1, 1, 3, bias=False).double()
    convolution.distance = dilation
    convolution.load_state_dict({"weight": torch.tensor(weight)[None, None]})
    signal = torch.linspace(-1, 2, 9, dtype=torch.float64)
    maps = torch.as_tensor(interpolations(np.array(dilation), 3, 9)).view(3, 9, 9)
    ours = torch.einsum("t,tij,j->i", torch.tensor(weight).double(), maps, signal)
    torch.testing.assert_close(ours, convolution(signal[None, None])[0, 0])


@pytest.mark.slow
@pytest.mark.parametrize(("kernel_size", "points"), [(3, 20), (5, 13)])
def test_a_retraining_matches_plain_modules(kernel_size: int, points: int) -> None:
    batch = batch_of(*HYPERPARAMETERS, epochs=2, kernel_size=kernel_size, points=points)
    batch = with_parameters(batch, tau=TAUS, dilation=DILATIONS)
    assert_retrainings_match_plain_modules(batch, ARCHITECTURES)


def test_the_step_size_alone_matches_plain_modules() -> None:
    batch = with_parameters(batch_of(*HYPERPARAMETERS, epochs=2), tau=TAUS)
    assert_retrainings_match_plain_modules(batch, ARCHITECTURES)


@pytest.mark.slow
@pytest.mark.parametrize("dilation", [1.0, 1.0 + 1e-12])
def test_the_settings_as_parameters_change_nothing(dilation: float) -> None:
    # Just above 1, the interpolated convolutions replace the usual ones.
    plain = batch_of(*HYPERPARAMETERS)
    found = ENGINE.retrain(with_parameters(plain, dilation=dilation), ARCHITECTURES, quiet)
    expected = ENGINE.retrain(plain, ARCHITECTURES, quiet)
    np.testing.assert_allclose(found.train_loss, expected.train_loss, rtol=1e-9)
    np.testing.assert_allclose(found.psnr, expected.psnr, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("kernel_size", [3, 5])
def test_a_search_over_points_matches_plain_modules(kernel_size: int) -> None:
    batch = batch_of(*HYPERPARAMETERS[:3], layers=2, kernel_size=kernel_size)
    assert_searches_match_plain_modules(with_points(batch, *POINTS))


@pytest.mark.slow
def test_points_without_dilation_match_plain_modules() -> None:
    points = [f"learnable_gradient(tau={tau})" for tau in (0.1, 0.2, 0.4)]
    assert_searches_match_plain_modules(points_of(*points))


def small(batch: Batch) -> Batch:
    search = batch.search.model_copy(update={"batch_size": 6})
    architecture = batch.architecture.model_copy(update={"channels": 2})
    return replace(batch, search=search, architecture=architecture)


@pytest.mark.slow
def test_the_gradients_of_a_search_match_differences() -> None:
    search = Search.from_scratch(small(points_of(*POINTS)), LIKE)
    search.alpha += torch.linspace(-1, 1, search.alpha.numel()).reshape(search.alpha.shape)
    sample, mix, theta = sample_of(search), search.mixture(), search.theta
    assert_gradient_is_the_difference(
        lambda theta: search.loss_and_psnr(theta, mix, sample)[0].sum(), theta
    )
    assert_gradient_is_the_difference(
        lambda alpha: search.loss_and_psnr(theta, search.mixture_of(alpha), sample)[0].sum(),
        search.alpha,
    )


def test_the_gradient_of_a_retraining_matches_differences() -> None:
    batch = small(batch_of(*HYPERPARAMETERS[:2], layers=2))
    batch = with_parameters(batch, tau=0.4, dilation=[[0.7, 1.6], [2.0, 1.0]])
    training = Training(batch, np.array([[0, 1], [1, 0]]), LIKE)
    sample = sample_of(training)
    assert_gradient_is_the_difference(
        lambda theta: training.loss_and_psnr(theta, training.mixture, sample)[0].sum(),
        training.theta,
    )


def test_all_points_start_from_the_same_weights() -> None:
    one = Search.from_scratch(points_of(*POINTS), LIKE)
    batch = with_points(one.batch, *reversed(POINTS))
    other = Search.from_scratch(batch, LIKE)
    assert torch.equal(one.theta, other.theta)
    sample = sample_of(one)
    for point in range(3):
        picks = np.full((2, 2), point)
        errors = one.errors(one.theta, one.discrete(picks), sample)
        mirrored = other.errors(other.theta, other.discrete(2 - picks), sample)
        torch.testing.assert_close(errors, mirrored)


def test_a_point_of_a_supernet_is_its_architecture() -> None:
    batch = points_of(*POINTS)
    search = Search.from_scratch(batch, LIKE)
    retrained = with_parameters(with_points(batch), tau=0.3, dilation=1.7)
    picks = np.zeros((2, 2), np.int64)
    training = Training(retrained, picks, LIKE, Occasion.SEARCH_START)
    sample = sample_of(search)
    torch.testing.assert_close(
        search.errors(search.theta, search.discrete(picks + 1), sample),
        training.errors(training.theta, training.mixture, sample),
    )


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["darts", "darts-second-order", "darts-es", "rs-ws"])
def test_supernets_over_points_score_candidates(variant: str) -> None:
    few = RsWsSettings(architectures=4, batches=2, finalists=2)
    batch = points_of(*POINTS)
    candidates = Candidates(np.repeat(np.arange(3)[:, None], 2, axis=1), batches=2)
    search = batch.search.model_copy(update={"variant": variant, "rs_ws": few})
    found = ENGINE.search(replace(batch, search=search, candidates=candidates), quiet)
    assert found.candidate_psnr is not None
    assert np.ptp(found.candidate_psnr, axis=1).min() > 0.01
    assert found.architectures.shape == (2, 2)
    if variant != "rs-ws":
        np.testing.assert_array_equal(found.architectures, discretize(found.alpha))
