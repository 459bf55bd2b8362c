"""Scores of given architectures with the weights of a supernet: both engines agree on them.

A score follows from a few steps of float32: PSNRs agree within 0.02 dB.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

from configspace.operations import operations
from configspace.search import RsWsSettings
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.contract import Batch, Candidates, Engine
from worker.numba_engine.engine import NumbaEngine
from worker.torch_engine.engine import TorchEngine

FEW = RsWsSettings(architectures=4, batches=2, finalists=2)


def quiet(done: int, of: int) -> None:
    pass


def with_candidates(batch: Batch, variant: str = "darts", batches: int = 3) -> Batch:
    """Return the batch with the given variant and five random candidates."""
    count = len(operations(batch.architecture))
    drawn = np.random.default_rng(4).integers(count, size=(5, batch.architecture.edges))
    search = batch.search.model_copy(update={"variant": variant, "rs_ws": FEW})
    return replace(batch, search=search, candidates=Candidates(drawn, batches))


@pytest.fixture(params=["numba", "torch"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return NumbaEngine(1) if request.param == "numba" else TorchEngine(dtype=torch.float64)


@pytest.mark.slow
@pytest.mark.parametrize("cells", [False, True])
@pytest.mark.parametrize("variant", ["darts", "darts-single", "rs-ws"])
def test_engines_agree_on_candidates(variant: str, cells: bool) -> None:
    batch = batch_of(*HYPERPARAMETERS[:3])
    batch = with_candidates(in_cells(batch) if cells else batch, variant)
    found = NumbaEngine(1).search(batch, quiet).candidate_psnr
    expected = TorchEngine(dtype=torch.float64).search(batch, quiet).candidate_psnr
    assert found is not None
    assert expected is not None
    assert found.shape == (3, 5)
    assert np.ptp(expected, axis=1).min() > 0.1
    np.testing.assert_allclose(found, expected, atol=0.02)


@pytest.mark.slow
def test_a_candidate_is_scored_whatever_the_others(engine: Engine) -> None:
    batch = with_candidates(batch_of(*HYPERPARAMETERS[:2]))
    together = engine.search(batch, quiet).candidate_psnr
    assert batch.candidates is not None
    assert together is not None
    last = batch.candidates._replace(architectures=batch.candidates.architectures[-1:])
    alone = engine.search(replace(batch, candidates=last), quiet).candidate_psnr
    assert alone is not None
    np.testing.assert_allclose(alone[:, 0], together[:, -1], rtol=1e-6)


@pytest.mark.slow
def test_candidates_change_nothing_else(engine: Engine) -> None:
    batch = with_candidates(batch_of(*HYPERPARAMETERS[:2]))
    found = engine.search(batch, quiet)
    plain = engine.search(replace(batch, candidates=None), quiet)
    assert plain.candidate_psnr is None
    np.testing.assert_array_equal(found.psnr, plain.psnr)
    np.testing.assert_array_equal(found.inherited_psnr, plain.inherited_psnr)
    np.testing.assert_array_equal(found.alphas, plain.alphas)


@pytest.mark.slow
def test_more_batches_than_an_epoch_have(engine: Engine) -> None:
    batch = batch_of(HYPERPARAMETERS[1], batches=2)
    few = engine.search(with_candidates(batch, batches=2), quiet).candidate_psnr
    more = engine.search(with_candidates(batch, batches=5), quiet).candidate_psnr
    assert few is not None
    assert more is not None
    assert (few != more).all()
    np.testing.assert_allclose(few, more, atol=3)


@pytest.mark.slow
def test_a_trial_that_goes_back_scores_candidates() -> None:
    batch = with_candidates(batch_of(*HYPERPARAMETERS[:2]), "darts-ada")
    both = TorchEngine(dtype=torch.float64).search(batch, quiet).candidate_psnr
    assert both is not None
    assert both.shape == (2, 5)
