"""The Hessian by α of the torch engine."""

from typing import Literal

import pytest
import torch
from torch import Tensor

from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.contract import Batch
from worker.engine.philox import Occasion
from worker.torch_engine.batches import Samples
from worker.torch_engine.hessian import alpha_hessian
from worker.torch_engine.training import Search


def started(batch: Batch) -> tuple[Search, Samples]:
    search = Search.from_scratch(batch, torch.empty(0, dtype=torch.float64))
    search.alpha.copy_(torch.randn(search.alpha.shape, generator=torch.Generator().manual_seed(3)))
    (samples,) = search.sampler.draw(Occasion.HESSIAN, range(1))
    return search, samples


@pytest.mark.parametrize("loss", ["mse", "psnr"])
def test_it_is_the_whole_second_derivative(loss: Literal["mse", "psnr"]) -> None:
    search, samples = started(batch_of(*HYPERPARAMETERS[:2]))

    def value(alpha: Tensor, trial: int) -> Tensor:
        losses, _ = search.loss_and_psnr(search.theta, search.mixture_of(alpha), samples)
        errors = search.errors(search.theta, search.mixture_of(alpha), samples)
        return losses[trial] if loss == "mse" else 10 * errors[trial].log10().mean()

    found = alpha_hessian(search, samples, loss)
    for trial in range(2):
        whole = torch.autograd.functional.hessian(  # type: ignore[no-untyped-call]
            lambda alpha, trial=trial: value(alpha, trial), search.alpha
        )
        expected = whole[trial, :, :, trial].reshape(found[trial].shape)
        torch.testing.assert_close(found[trial], expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("cells", [False, True])
def test_a_shift_of_an_edge_is_a_null_direction(cells: bool) -> None:
    batch = batch_of(*HYPERPARAMETERS[:2])
    search, samples = started(in_cells(batch, states=2) if cells else batch)
    alpha = search.alpha.clone().requires_grad_()
    losses, _ = search.loss_and_psnr(search.theta, search.mixture_of(alpha), samples)
    (gradient,) = torch.autograd.grad(losses.sum(), alpha, create_graph=True)
    _, edges, operations = alpha.shape
    for edge in range(edges):
        (row,) = torch.autograd.grad(gradient[:, edge].sum(), alpha, retain_graph=True)
        assert row.abs().max() < 1e-14
    assert operations == 5 if cells else 4


def test_a_measurement_leaves_the_search_as_it_is() -> None:
    search, samples = started(batch_of())
    before = search.state()
    alpha_hessian(search, samples, "mse")
    for tensor, earlier in zip(search.state(), before, strict=True):
        assert torch.equal(tensor, earlier)
        assert not tensor.requires_grad


def test_trials_in_portions_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    search, samples = started(batch_of(*HYPERPARAMETERS[:3], layers=2))
    together = alpha_hessian(search, samples, "mse")
    monkeypatch.setattr("worker.torch_engine.hessian.AT_ONCE", 2)
    torch.testing.assert_close(alpha_hessian(search, samples, "mse"), together)
