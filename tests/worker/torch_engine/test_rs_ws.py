"""Random search with weight sharing on the torch engine, in double precision."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from configspace.operations import operations
from configspace.search import RsWsSettings
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from tests.worker.torch_engine.test_plain import data, plain_network, score, set_step_size
from worker.engine.contract import Batch, Searched
from worker.engine.initialization import weight_step_sizes
from worker.engine.philox import Occasion
from worker.engine.rs_ws import random_architectures
from worker.torch_engine.engine import TorchEngine

FEW = RsWsSettings(architectures=12, batches=3, finalists=4)


def random_search(batch: Batch) -> Batch:
    """Return the batch with a small random search with weight sharing."""
    return replace(batch, search=batch.search.model_copy(update={"variant": "rs-ws", "rs_ws": FEW}))


def search(batch: Batch) -> Searched:
    return TorchEngine(dtype=torch.float64).search(batch, lambda done, of: None)


@pytest.mark.slow
@pytest.mark.parametrize("space", ["sequential", "cell"])
def test_a_random_search_matches_plain_modules(space: str) -> None:
    batch = batch_of(*HYPERPARAMETERS, epochs=4)
    batch = random_search(batch if space == "sequential" else in_cells(batch))
    searched = search(batch)
    one_hot = torch.eye(len(operations(batch.architecture)), dtype=torch.float64)
    for trial, hyper in enumerate(batch.hyperparameters):
        seeds = batch.seeds[trial : trial + 1]
        net = plain_network(batch, Occasion.SEARCH_START, trial)
        optimizer = torch.optim.Adam(net.parameters(), weight_decay=hyper.param_weight_decay)
        for parameter in net.parameters():
            parameter.grad = torch.zeros_like(parameter)  # operations that are left out have 0
        (drawn,) = random_architectures(
            batch.architecture, seeds, Occasion.SEARCH_TRAINING, range(batch.steps)
        )
        losses = []
        for step, picks in enumerate(drawn):
            set_step_size(optimizer, weight_step_sizes(batch)[trial, step])
            x, y, noise = data(batch, Occasion.SEARCH_TRAINING, step, trial)
            optimizer.zero_grad(set_to_none=False)
            loss = (net(one_hot[picks], y, noise) - x).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        means = np.reshape(losses, (batch.epochs, -1)).mean(1)
        np.testing.assert_allclose(searched.train_loss[trial], means, rtol=1e-9)

        few = replace(batch, search=batch.search.model_copy(update={"batches": FEW.batches}))
        (drawn,) = random_architectures(
            batch.architecture, seeds, Occasion.CANDIDATES, range(FEW.architectures)
        )
        scores = [score(net, one_hot[one], few, Occasion.CANDIDATES, trial) for one in drawn]
        _, first = np.unique(drawn, axis=0, return_index=True)
        last = sorted(np.array(scores)[first])[-FEW.finalists]
        full = {
            score(net, one_hot[one], batch, Occasion.SEARCH_SCORE, trial): one
            for one, psnr in zip(drawn, scores, strict=True)
            if psnr >= last
        }
        assert searched.psnr[trial] == pytest.approx(max(full), rel=1e-9)
        np.testing.assert_array_equal(searched.architectures[trial], full[max(full)])


def test_the_one_shot_score_is_the_inherited_one() -> None:
    searched = search(random_search(batch_of(*HYPERPARAMETERS[:2])))
    np.testing.assert_array_equal(searched.psnr, searched.inherited_psnr)
    assert searched.alphas.size == searched.validation_loss.size == 0


def test_a_trial_agrees_alone() -> None:
    batch = random_search(batch_of(*HYPERPARAMETERS[:3]))
    alone = replace(batch, hyperparameters=batch.hyperparameters[1:2], seeds=batch.seeds[1:2])
    together, apart = search(batch), search(alone)
    np.testing.assert_array_equal(together.architectures[1], apart.architectures[0])
    np.testing.assert_allclose(together.train_loss[1], apart.train_loss[0], rtol=1e-9)
    np.testing.assert_allclose(together.psnr[1], apart.psnr[0], rtol=1e-9)


def test_hyperparameters_of_alpha_change_nothing() -> None:
    changed = HYPERPARAMETERS[0].model_copy(update={"alpha_lr": 0.1, "alpha_optimizer": "adam"})
    first, other = (search(random_search(batch_of(one))) for one in (HYPERPARAMETERS[0], changed))
    np.testing.assert_array_equal(first.train_loss, other.train_loss)
    np.testing.assert_array_equal(first.psnr, other.psnr)


def test_scores_are_reported_as_epochs() -> None:
    reports: list[tuple[int, int]] = []
    batch = random_search(batch_of(epochs=2))
    TorchEngine().search(batch, lambda *report: reports.append(report))
    epochs = 2 + batch.search.scoring_epochs
    assert reports == [(done, epochs) for done in range(1, epochs + 1)]


def test_a_diverged_search_has_no_finite_score() -> None:
    wild = HYPERPARAMETERS[0].model_copy(update={"param_lr": 1e300})
    assert not np.isfinite(search(random_search(batch_of(wild))).psnr).any()
