from dataclasses import replace

import numpy as np
import pytest
import torch

from configspace.hyperparameters import Hyperparameters
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.alpha import discretize
from worker.engine.contract import Batch, Searched
from worker.engine.initialization import initial_alpha
from worker.engine.philox import Occasion
from worker.torch_engine.batches import Sampler
from worker.torch_engine.engine import TorchEngine
from worker.torch_engine.training import Search

SINGLE = torch.empty(0)
BASE = Hyperparameters(
    param_lr=1e-2,
    param_weight_decay=1e-2,
    alpha_lr=0.05,
    alpha_weight_decay=0.05,
    alpha_warm_up=False,
    alpha_scheduler="none",
)


def ignore(done: int, of: int) -> None:
    pass


def search(batch: Batch) -> Searched:
    return TorchEngine().search(batch, ignore)


def changed(**changes: object) -> Searched:
    """Search two trials with the same seed; the second has a change."""
    batch = batch_of(BASE, BASE.model_copy(update=changes), operations="good", epochs=4)
    return search(same_seed(batch))


def same_seed(batch: Batch) -> Batch:
    return Batch(
        **{
            **{name: getattr(batch, name) for name in Batch.__slots__},
            "seeds": np.full_like(batch.seeds, 11),
        }
    )


def one_of(batch: Batch, trial: int) -> Batch:
    """Return a batch with only one of the trials."""
    return Batch(
        **{
            **{name: getattr(batch, name) for name in Batch.__slots__},
            "hyperparameters": batch.hyperparameters[trial : trial + 1],
            "seeds": batch.seeds[trial : trial + 1],
        }
    )


@pytest.fixture(scope="module")
def twenty_five() -> Batch:
    """Twenty-five trials of four settings, at the paper's widths."""
    settings = [HYPERPARAMETERS[index % 4] for index in range(25)]
    return batch_of(*settings, layers=10, channels=16, points=50, batch_size=128, epochs=2)


@pytest.mark.parametrize("problem", ["blur", "downsampling"])
@pytest.mark.parametrize("trial", [0, 13, 24])
def test_a_trial_draws_the_same_data_among_25(problem: str, trial: int) -> None:
    batch = batch_of(*[Hyperparameters()] * 25, problem=problem)
    together = Sampler(batch, noisy=range(3), like=SINGLE)
    alone = Sampler(one_of(batch, trial), noisy=range(3), like=SINGLE)
    for occasion in (Occasion.SEARCH_TRAINING, Occasion.RETRAIN_SCORE):
        for many, single in zip(
            together.draw(occasion, range(3, 6)), alone.draw(occasion, range(3, 6)), strict=True
        ):
            assert torch.equal(many.signal[trial], single.signal[0])
            assert torch.equal(many.start[trial], single.start[0])
            assert torch.equal(many.noise.drawn[trial], single.noise.drawn[0])


@pytest.mark.slow
def test_a_trial_agrees_alone_and_among_25(twenty_five: Batch) -> None:
    # The data are identical, and each trial has separate matrix products. A library may still sum
    # in another order for another number of trials: single precision rounds by 6e-8, which a few
    # steps amplify to less than 1e-3 dB.
    engine = TorchEngine()
    together = engine.search(twenty_five, ignore)
    picks = discretize(together.alpha)
    retrained = engine.retrain(twenty_five, picks, ignore)
    for trial in (0, 5, 22, 24):
        single = one_of(twenty_five, trial)
        alone = engine.search(single, ignore)
        np.testing.assert_array_equal(discretize(alone.alpha)[0], picks[trial])
        assert alone.psnr[0] == pytest.approx(together.psnr[trial], abs=1e-3)
        again = engine.retrain(single, picks[trial : trial + 1], ignore)
        assert again.psnr[0] == pytest.approx(retrained.psnr[trial], abs=1e-3)


def by(variant: str, batch: Batch) -> Batch:
    """Return the batch with another variant of the search."""
    return replace(batch, search=batch.search.model_copy(update={"variant": variant}))


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["darts", "darts-second-order", "darts-single"])
@pytest.mark.parametrize("space", ["sequential", "cell"])
def test_a_trial_agrees_alone_in_every_variant(space: str, variant: str) -> None:
    # In double precision, the order of a sum changes a few steps by less than 1e-9.
    batch = by(variant, batch_of(*HYPERPARAMETERS, epochs=2))
    batch = in_cells(batch) if space == "cell" else batch
    engine = TorchEngine(dtype=torch.float64)
    together, alone = engine.search(batch, ignore), engine.search(one_of(batch, 2), ignore)
    np.testing.assert_allclose(together.alpha[2], alone.alpha[0], rtol=1e-9)
    np.testing.assert_allclose(together.train_loss[2], alone.train_loss[0], rtol=1e-9)
    assert together.psnr[2] == pytest.approx(alone.psnr[0], rel=1e-9)
    picks = discretize(together.alpha)
    retrained = engine.retrain(batch, picks, ignore)
    again = engine.retrain(one_of(batch, 2), picks[2:3], ignore)
    assert retrained.psnr[2] == pytest.approx(again.psnr[0], rel=1e-9)


def test_the_variants_differ() -> None:
    batch = batch_of(HYPERPARAMETERS[1], epochs=3)
    variants = ("darts", "darts-second-order", "darts-single")
    found = {search(by(variant, batch)).alpha.tobytes() for variant in variants}
    assert len(found) == 3


def test_darts_single_reports_three_trainings() -> None:
    reports: list[tuple[int, int]] = []
    batch = by("darts-single", batch_of(epochs=2))
    result = TorchEngine().search(batch, lambda done, of: reports.append((done, of)))
    assert reports == [(done, 6) for done in range(1, 7)]
    assert result.train_loss.shape == result.validation_loss.shape == (1, 2)


def test_pretraining_ignores_the_hyperparameters_of_alpha() -> None:
    changed = HYPERPARAMETERS[0].model_copy(update={"alpha_lr": 0.1, "alpha_optimizer": "adam"})
    first, other = (by("darts-single", batch_of(hyper)) for hyper in (HYPERPARAMETERS[0], changed))
    np.testing.assert_array_equal(search(first).train_loss, search(other).train_loss)


def test_only_edges_with_noise_draw_it() -> None:
    batch = batch_of()
    everywhere, somewhere = (
        next(Sampler(batch, noisy, SINGLE).draw(Occasion.RETRAIN_TRAINING, range(1)))
        for noisy in (range(3), [0, 2])
    )
    assert somewhere.noise.edges.tolist() == [0, 2]
    assert torch.equal(somewhere.noise.drawn, everywhere.noise.drawn[:, [0, 2]])


def test_a_search_gives_the_same_result_twice() -> None:
    first, second = (search(batch_of(*HYPERPARAMETERS)) for _ in range(2))
    np.testing.assert_array_equal(first.alpha, second.alpha)
    np.testing.assert_array_equal(first.psnr, second.psnr)


def test_single_and_double_precision_agree() -> None:
    batch = batch_of(*HYPERPARAMETERS)
    double = TorchEngine(dtype=torch.float64).search(batch, ignore)
    single = search(batch)
    # After four steps; Adam's first steps, ±lr, may differ where a gradient is near 0.
    np.testing.assert_allclose(single.train_loss, double.train_loss, rtol=1e-4)
    np.testing.assert_allclose(single.alpha, double.alpha, atol=1e-4)


def test_alpha_with_step_size_0_stays() -> None:
    batch = batch_of(*[hyper.model_copy(update={"alpha_lr": 0.0}) for hyper in HYPERPARAMETERS])
    np.testing.assert_allclose(search(batch).alpha, initial_alpha(batch), rtol=1e-6)


def test_weights_with_step_size_0_stay() -> None:
    batch = batch_of(BASE.model_copy(update={"param_lr": 0.0}))
    state = Search.from_scratch(batch, SINGLE)
    start = state.theta.clone()
    sampler = state.sampler.draw(Occasion.SEARCH_TRAINING, range(2))
    losses = [state.weight_step(step, sample) for step, sample in enumerate(sampler)]
    assert torch.equal(state.theta, start)
    assert losses[0] != losses[1]


@pytest.mark.parametrize(
    "change",
    [
        {"param_lr": 2e-2},
        {"param_weight_decay": 2e-2},
        {"param_warm_up": True},
        {"alpha_lr": 0.06},
        {"alpha_weight_decay": 0.06},
        {"alpha_warm_up": True},
        {"alpha_scheduler": "linear"},
        {"alpha_optimizer": "adam"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_hyperparameter_changes_the_search(change: dict[str, object]) -> None:
    result = changed(**change)
    assert (result.alpha[0] != result.alpha[1]).any()
    assert result.train_loss[0, -1] != result.train_loss[1, -1]


def test_a_hyperparameter_of_another_trial_changes_nothing() -> None:
    batch = batch_of(BASE, BASE, operations="good")
    other = batch_of(BASE, HYPERPARAMETERS[1], operations="good")
    np.testing.assert_array_equal(search(batch).alpha[0], search(other).alpha[0])


def test_the_first_loss_ignores_the_hyperparameters() -> None:
    batch = same_seed(batch_of(*HYPERPARAMETERS))
    state = Search.from_scratch(batch, SINGLE)
    sample = next(state.sampler.draw(Occasion.SEARCH_VALIDATION, range(1)))
    losses, _ = state.alpha_step(0, sample)
    assert torch.equal(losses, losses[:1].expand(4))


def test_gradient_descent_follows_gradient_and_weight_decay() -> None:
    state = Search.from_scratch(batch_of(BASE), torch.empty(0, dtype=torch.float64))
    before = state.alpha.clone()
    sample = next(state.sampler.draw(Occasion.SEARCH_VALIDATION, range(1)))
    alpha = before.clone().requires_grad_()
    state.alpha = alpha
    loss, _ = state.loss_and_psnr(state.theta, state.mixture(), sample)
    (gradient,) = torch.autograd.grad(loss.sum(), alpha)
    state.alpha = before.clone()
    state.alpha_step(0, sample)
    torch.testing.assert_close(before - state.alpha, 0.05 * (gradient + 0.05 * before))


def test_the_first_step_of_adam_is_its_step_size() -> None:
    batch = batch_of(BASE.model_copy(update={"alpha_optimizer": "adam"}))
    state = Search.from_scratch(batch, SINGLE)
    before = state.alpha.clone()
    sample = next(state.sampler.draw(Occasion.SEARCH_VALIDATION, range(1)))
    state.alpha_step(0, sample)
    torch.testing.assert_close(
        (state.alpha - before).abs(), torch.full_like(before, 0.05), rtol=1e-3, atol=0
    )


def test_an_alpha_step_changes_only_alpha() -> None:
    state = Search.from_scratch(batch_of(BASE), SINGLE)
    sample = next(state.sampler.draw(Occasion.SEARCH_VALIDATION, range(1)))
    theta, alpha = state.theta.clone(), state.alpha.clone()
    state.alpha_step(0, sample)
    assert torch.equal(state.theta, theta)
    assert not torch.equal(state.alpha, alpha)


def test_a_weight_step_changes_only_the_weights() -> None:
    state = Search.from_scratch(batch_of(BASE), SINGLE)
    sample = next(state.sampler.draw(Occasion.SEARCH_VALIDATION, range(1)))
    theta, alpha = state.theta.clone(), state.alpha.clone()
    state.weight_step(0, sample)
    assert torch.equal(state.alpha, alpha)
    assert not torch.equal(state.theta, theta)


def test_an_architecture_without_weights_can_be_retrained() -> None:
    batch = batch_of(Hyperparameters(), epochs=3)
    trained = TorchEngine(dtype=torch.float64).retrain(batch, np.array([[2, 2, 2]]), ignore)
    sampler = Sampler(batch, noisy=(), like=torch.empty(0, dtype=torch.float64))
    psnrs = []
    for sample in sampler.draw(Occasion.RETRAIN_SCORE, range(batch.search.batches)):
        output = sample.start + torch.roll(sample.start, 3, dims=1)
        errors = (output - sample.signal).square().mean(1)
        psnrs.append(-10 * torch.log10(errors).mean().item())
    assert trained.psnr[0] == pytest.approx(np.mean(psnrs), rel=1e-10)


def test_an_unused_cnn_changes_nothing() -> None:
    batch = batch_of(BASE, BASE)
    picks = np.array([[0, 2, 3], [1, 1, 1]])
    trained = TorchEngine().retrain(batch, picks, ignore)
    alone = TorchEngine().retrain(one_of(batch, 0), picks[:1], ignore)
    assert trained.psnr[0] == pytest.approx(alone.psnr[0], abs=1e-4)


def test_retraining_lowers_the_loss() -> None:
    batch = batch_of(BASE, operations="good", batch_size=64, batches=10, epochs=6)
    trained = TorchEngine().retrain(batch, np.array([[0, 1, 1]]), ignore)
    assert trained.train_loss[0, -1] < 0.7 * trained.train_loss[0, 0]
    assert trained.psnr[0] > trained.train_psnr[0, 0] + 2


def test_results_have_the_stated_shapes() -> None:
    result = search(batch_of(*HYPERPARAMETERS, epochs=3))
    for name in ("train_loss", "validation_loss", "validation_psnr"):
        assert getattr(result, name).shape == (4, 3)
    assert result.alphas.shape == (4, 3, 3, 4)
    assert result.psnr.shape == result.inherited_psnr.shape == (4,)


def test_each_epoch_has_its_alpha() -> None:
    longer = search(batch_of(*HYPERPARAMETERS, epochs=3))
    assert (longer.alphas[:, 1:] != longer.alphas[:, :-1]).any(axis=(2, 3)).all()
    np.testing.assert_array_equal(longer.alpha, longer.alphas[:, -1])


def test_progress_reports_each_epoch() -> None:
    reports: list[tuple[int, int]] = []
    engine, batch = TorchEngine(), batch_of(epochs=3)
    engine.search(batch, lambda done, of: reports.append((done, of)))
    engine.retrain(batch, np.array([[0, 1, 2]]), lambda done, of: reports.append((done, of)))
    assert reports == [(1, 3), (2, 3), (3, 3)] * 2


def test_a_decided_supernet_scores_as_its_architecture() -> None:
    supernets = Search.from_scratch(batch_of(*HYPERPARAMETERS), torch.empty(0))
    picks = np.array([[0, 1, 2], [3, 0, 1], [1, 1, 1], [2, 3, 0]])
    supernets.alpha = torch.tensor(1e4 * np.eye(4, dtype=np.float32)[picks])
    found = supernets.score(supernets.discrete(picks), Occasion.SEARCH_SCORE)
    expected = supernets.score(supernets.mixture(), Occasion.SEARCH_SCORE)
    torch.testing.assert_close(found, expected)
