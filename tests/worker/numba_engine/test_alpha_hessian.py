"""The Hessian by α against the one that autograd gives, in float64.

Both are exact, so they differ by rounding: by 1e-15 of the largest entry; 1e-11 is allowed. In
float32 a sum over eight signals of 20 samples keeps five digits.
"""

import numpy as np
import pytest
import torch

from configspace.operations import operations
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.contract import Batch
from worker.engine.philox import Occasion
from worker.numba_engine import cnn_derivatives
from worker.numba_engine.alpha_hessian import Network, Probe, alpha_hessian
from worker.numba_engine.cnn_derivatives import Cnns
from worker.numba_engine.hessian_kernels import Floats
from worker.torch_engine.batches import Samples
from worker.torch_engine.hessian import alpha_hessian as reference
from worker.torch_engine.training import Search
from worker.torch_engine.weights import unflatten


def searched(batch: Batch, dtype: torch.dtype = torch.float64) -> tuple[Search, Samples]:
    """Return supernets after three steps, and the batch of the Hessian."""
    search = Search.from_scratch(batch, torch.empty(0, dtype=dtype))
    steps = range(3)
    for step, valid, train in zip(
        steps,
        search.sampler.draw(Occasion.SEARCH_VALIDATION, steps),
        search.sampler.draw(Occasion.SEARCH_TRAINING, steps),
        strict=True,
    ):
        search.alpha_step(step, valid)
        search.weight_step(step, train)
    (samples,) = search.sampler.draw(Occasion.HESSIAN, range(1))
    return search, samples


def hessians(
    search: Search, samples: Samples, loss: str, spare: list[Floats] | None = None
) -> np.ndarray:
    """Return the Hessian of each trial."""
    spare = [] if spare is None else spare
    batch = search.batch
    settings, matrix = batch.architecture, batch.problem.matrix
    slots, n = 2, matrix.shape[1]
    (cnns, flattening) = unflatten(search.theta, settings, slots)
    found = []
    for trial in range(len(batch.seeds)):
        shape = slots, settings.channels, settings.kernel_size
        of_edges = [
            Cnns(
                first=cnns.first[trial, edge].reshape(shape).numpy(),
                scale=cnns.scale[trial, edge].reshape(shape[:2]).numpy(),
                shift=cnns.shift[trial, edge].reshape(shape[:2]).numpy(),
                second=cnns.second[trial, edge].numpy(),
                bias=cnns.bias[trial, edge].numpy(),
            )
            for edge in range(settings.edges)
        ]
        network = Network(
            operations=operations(settings),
            cnns=of_edges,
            states=settings.states if settings.space == "cell" else None,
            flattening=flattening[trial, :, :-1].reshape(-1, 2, 3).numpy(),
            flattening_bias=flattening[trial, :, -1].numpy(),
        )
        like = samples.signal.numpy().dtype
        probe = Probe(
            signal=samples.signal[trial].numpy(),
            start=samples.start[trial].numpy(),
            noise=samples.noise.drawn[trial].numpy(),
            step=(np.eye(n) - settings.tau * matrix.T @ matrix).astype(like),
            turns=settings.roll_shift,
            tau=settings.tau,
            sigma=settings.operation_noise,
        )
        alpha = search.alpha[trial].double().numpy()
        found.append(alpha_hessian(network, probe, alpha, loss, spare))  # type: ignore[arg-type]
    return np.array(found)


BATCHES = {
    "all": batch_of(*HYPERPARAMETERS, epochs=4),
    "good": batch_of(*HYPERPARAMETERS, epochs=4, operations="good", kernel_size=5, layers=4),
    "downsampling": batch_of(*HYPERPARAMETERS, epochs=4, problem="downsampling"),
    "cells": in_cells(batch_of(*HYPERPARAMETERS[:2], epochs=4)),
    "good cells": in_cells(
        batch_of(*HYPERPARAMETERS[:2], epochs=4, operations="good", kernel_size=5), states=2
    ),
}


@pytest.mark.parametrize("loss", ["mse", "psnr"])
@pytest.mark.parametrize("name", list(BATCHES))
def test_it_is_the_one_of_autograd(name: str, loss: str) -> None:
    search, samples = searched(BATCHES[name])
    expected = reference(search, samples, loss).numpy()  # type: ignore[arg-type]
    found = hessians(search, samples, loss)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(found, expected, atol=1e-11 * np.abs(expected).max(), rtol=0)


def test_single_precision_keeps_five_digits() -> None:
    search, samples = searched(BATCHES["all"], torch.float32)
    expected = reference(search, samples, "mse").double().numpy()
    found = hessians(search, samples, "mse")
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max(), rtol=0)


def test_portions_of_positions_change_only_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    search, samples = searched(BATCHES["cells"])
    whole = hessians(search, samples, "mse")
    monkeypatch.setattr(cnn_derivatives, "_POSITIONS", 70)  # the batch has 160
    np.testing.assert_allclose(
        hessians(search, samples, "mse"), whole, atol=1e-12 * np.abs(whole).max(), rtol=0
    )


def test_used_memory_gives_the_same_hessian() -> None:
    search, samples = searched(BATCHES["cells"])
    spare: list[Floats] = []
    first, second = (hessians(search, samples, "mse", spare) for _ in range(2))
    assert spare
    np.testing.assert_array_equal(first, second)
