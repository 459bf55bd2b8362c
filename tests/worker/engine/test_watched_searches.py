"""Measurements of the Hessian, DARTS-ES and DARTS-ADA: both engines agree on them.

An eigenvalue follows from some steps of float32 and a Hessian of float32; 1% covers the drift of a
search of twenty epochs. The rule is set so that it fires for some trials of each batch.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from configspace.search import HessianSettings
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.contract import Batch, Engine, Searched
from worker.numba_engine.engine import NumbaEngine
from worker.torch_engine.engine import TorchEngine

EAGER = HessianSettings(every=1, window=3, lag=2, start=0.1, factor=1.02)


def watched(batch: Batch, variant: str, hessian: HessianSettings = EAGER) -> Batch:
    update = {"variant": variant, "hessian": hessian}
    return replace(batch, search=batch.search.model_copy(update=update), eigenvalues=True)


def quiet(done: int, of: int) -> None:
    pass


def both(batch: Batch) -> tuple[Searched, Searched]:
    return NumbaEngine(1).search(batch, quiet), TorchEngine(dtype=torch.float64).search(
        batch, quiet
    )


@pytest.mark.slow
@pytest.mark.parametrize("cells", [False, True])
@pytest.mark.parametrize("variant", ["darts", "darts-es", "darts-ada"])
def test_engines_agree_on_eigenvalues_and_decisions(variant: str, cells: bool) -> None:
    batch = batch_of(*HYPERPARAMETERS[2:], epochs=12)
    batch = watched(in_cells(batch) if cells else batch, variant)
    found, expected = both(batch)
    assert found.eigenvalues is not None
    assert expected.eigenvalues is not None
    np.testing.assert_allclose(found.eigenvalues, expected.eigenvalues, rtol=0.01)
    assert found.result_epochs.tolist() == expected.result_epochs.tolist()
    assert found.computed_epochs.tolist() == expected.computed_epochs.tolist()
    np.testing.assert_allclose(found.psnr, expected.psnr, atol=0.02)
    np.testing.assert_allclose(found.inherited_psnr, expected.inherited_psnr, atol=0.02)
    if variant == "darts-es":
        assert (found.computed_epochs < batch.epochs).any()
    if variant == "darts-ada":
        plain = NumbaEngine(1).search(watched(batch, "darts"), quiet)
        assert (found.psnr != plain.psnr).any()


@pytest.fixture(params=["numba", "torch"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return NumbaEngine(1) if request.param == "numba" else TorchEngine()


@pytest.mark.slow
def test_a_stopped_search_is_that_of_fewer_epochs(engine: Engine) -> None:
    # Without schedules that depend on the number of epochs, the weights of an epoch are the same.
    plain = HYPERPARAMETERS[1].model_copy(update={"param_warm_up": False, "alpha_lr": 0.1})
    batch = watched(batch_of(plain, epochs=12), "darts-es")
    stopped = engine.search(batch, quiet)
    (kept,) = stopped.result_epochs
    assert kept < batch.epochs - 1
    short = engine.search(replace(watched(batch, "darts"), epochs=int(kept) + 1), quiet)
    np.testing.assert_array_equal(stopped.alpha, short.alpha)
    np.testing.assert_allclose(stopped.psnr, short.psnr, rtol=1e-6)
    assert stopped.architectures.tolist() == short.architectures.tolist()


@pytest.mark.slow
def test_measuring_changes_nothing_else(engine: Engine) -> None:
    batch = watched(batch_of(*HYPERPARAMETERS[:2], epochs=4), "darts")
    measured, plain = (
        engine.search(replace(batch, eigenvalues=asked), quiet) for asked in (True, False)
    )
    assert plain.eigenvalues is None
    for name in ("alphas", "psnr", "inherited_psnr", "train_loss"):
        np.testing.assert_array_equal(getattr(measured, name), getattr(plain, name))


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["darts-es", "darts-ada"])
def test_progress_ends_at_the_end(engine: Engine, variant: str) -> None:
    calls: list[tuple[int, int]] = []
    engine.search(
        watched(batch_of(*HYPERPARAMETERS[2:], epochs=12), variant),
        lambda done, of: calls.append((done, of)),
    )
    assert calls[-1][0] == calls[-1][1]
    assert calls == sorted(set(calls))
