"""Every engine computes the same trials as the reference in float64.

The tolerance is 1e-4 of a loss. This is far above the rounding of float32 (about 1e-7 per step) and
far below the effect of another algorithm. Ten layers of all operations stay within it for twenty
steps. Layers of only good operations amplify rounding errors, and more so in deeper networks: with
ten such layers, PyTorch in float32 differs from PyTorch in float64 by several percent after twenty
steps, and so does every other engine. Such networks are compared to 1e-3 for ten steps of two
layers, on the first step of ten layers, and in distribution (docs/science.md). DARTS-single trains
networks of one good operation and is therefore compared to 1e-3 over five epochs of one step.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from configspace.search import RsWsSettings
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.alpha import largest_norm, mean_entropy
from worker.engine.contract import Engine, Searched
from worker.numba_engine.engine import NumbaEngine
from worker.torch_engine.engine import TorchEngine

pytestmark = pytest.mark.slow

TOLERANCE = 1e-4
twenty_steps_of = partial(batch_of, points=50, batch_size=128, batches=1, epochs=20)
"""Twenty epochs of one step each, so that a curve has one value per step."""


@pytest.fixture(params=["numba", "torch"], scope="module")
def engine(request: pytest.FixtureRequest) -> Engine:
    return NumbaEngine(1) if request.param == "numba" else TorchEngine()


@pytest.fixture(scope="module")
def reference() -> Engine:
    return TorchEngine(dtype=torch.float64)


def quiet(done: int, of: int) -> None:
    pass


def distance(found: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """Return the largest difference, relative to ``expected``."""
    return float(np.abs(found / expected - 1).max())


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("problem", ["blur", "downsampling"])
@pytest.mark.parametrize(
    ("operations", "layers", "steps", "tolerance"),
    [("good", 2, 10, 10 * TOLERANCE), ("all", 3, 20, TOLERANCE), ("all", 10, 20, TOLERANCE)],
)
def test_the_steps_of_a_search_agree(
    engine: Engine,
    reference: Engine,
    operations: str,
    layers: int,
    steps: int,
    tolerance: float,
    problem: str,
    kernel_size: int,
) -> None:
    # The four trials have both optimizers of alpha, both schedulers, and warm-up on and off.
    batch = twenty_steps_of(
        *HYPERPARAMETERS,
        operations=operations,
        problem=problem,
        layers=layers,
        channels=8,
        kernel_size=kernel_size,
        epochs=steps,
    )

    found, expected = engine.search(batch, quiet), reference.search(batch, quiet)

    assert_agree(found, expected, tolerance)


def assert_agree(found: Searched, expected: Searched, tolerance: float) -> None:
    assert distance(found.train_loss, expected.train_loss) < tolerance
    assert distance(found.validation_loss, expected.validation_loss) < tolerance
    assert distance(mean_entropy(found.alphas), mean_entropy(expected.alphas)) < tolerance
    norms = largest_norm(found.alphas), largest_norm(expected.alphas)
    assert distance(*norms) < 1000 * tolerance
    # A relative error r of a loss moves its PSNR by 10 / ln 10 · r = 4.3 r dB.
    decibels = max(1e-3, 5 * tolerance)
    np.testing.assert_allclose(found.psnr, expected.psnr, atol=decibels)
    # One operation with its full share enlarges what a mixture averages out.
    np.testing.assert_allclose(found.inherited_psnr, expected.inherited_psnr, atol=4 * decibels)
    np.testing.assert_allclose(found.validation_psnr, expected.validation_psnr, atol=decibels)


@pytest.mark.parametrize(
    ("operations", "problem", "kernel_size", "cells", "states", "steps"),
    [
        ("all", "blur", 3, 2, 5, 6),
        ("all", "downsampling", 5, 3, 2, 12),
        ("good", "downsampling", 3, 2, 3, 6),
        ("good", "blur", 5, 1, 3, 6),
    ],
)
def test_the_steps_of_a_search_in_cells_agree(
    engine: Engine,
    reference: Engine,
    operations: str,
    problem: str,
    kernel_size: int,
    cells: int,
    states: int,
    steps: int,
) -> None:
    batch = twenty_steps_of(
        *HYPERPARAMETERS,
        operations=operations,
        problem=problem,
        channels=4,
        kernel_size=kernel_size,
        epochs=steps,
    )
    batch = in_cells(batch, cells, states)

    found, expected = engine.search(batch, quiet), reference.search(batch, quiet)

    assert_agree(found, expected, TOLERANCE)


@pytest.mark.parametrize("operations", ["good", "all"])
@pytest.mark.parametrize("space", ["sequential", "cell"])
def test_the_steps_of_darts_single_agree(
    engine: Engine, reference: Engine, space: str, operations: str
) -> None:
    # Without the fourth setting: its steps are so long that float32 and float64 differ within five.
    batch = twenty_steps_of(*HYPERPARAMETERS[:3], operations=operations, channels=4, epochs=5)
    if space == "cell":
        batch = in_cells(batch, cells=2, states=3)
    single = batch.search.model_copy(update={"variant": "darts-single"})
    batch = replace(batch, search=single)

    found, expected = engine.search(batch, quiet), reference.search(batch, quiet)

    assert_agree(found, expected, 10 * TOLERANCE)


@pytest.mark.parametrize(
    ("operations", "kernel_size", "cells"),
    [("all", 3, 0), ("good", 5, 0), ("all", 3, 2), ("good", 5, 3)],
)
def test_the_steps_of_a_search_with_drop_path_agree(
    engine: Engine, reference: Engine, operations: str, kernel_size: int, cells: int
) -> None:
    batch = twenty_steps_of(
        *HYPERPARAMETERS, operations=operations, channels=4, kernel_size=kernel_size, epochs=8
    )
    batch = replace(batch, drop_paths=(0.0, 0.2, 0.4, 0.6))
    if cells:
        batch = in_cells(batch, cells, states=3)

    found, expected = engine.search(batch, quiet), reference.search(batch, quiet)

    assert_agree(found, expected, TOLERANCE if operations == "all" else 10 * TOLERANCE)


@pytest.mark.parametrize(
    ("space", "operations"), [("sequential", "good"), ("sequential", "all"), ("cell", "all")]
)
def test_a_random_search_agrees(
    engine: Engine, reference: Engine, space: str, operations: str
) -> None:
    # More batches per score than per epoch, and few enough architectures for scores without ties.
    batch = twenty_steps_of(*HYPERPARAMETERS, operations=operations, channels=4, epochs=10)
    if space == "cell":
        batch = in_cells(batch, cells=2, states=3)
    few = RsWsSettings(architectures=20, batches=3, finalists=3)
    search = batch.search.model_copy(update={"variant": "rs-ws", "rs_ws": few})
    batch = replace(batch, search=search)

    found, expected = engine.search(batch, quiet), reference.search(batch, quiet)

    assert distance(found.train_loss, expected.train_loss) < 10 * TOLERANCE
    np.testing.assert_allclose(found.validation_psnr, expected.validation_psnr, atol=5e-3)
    np.testing.assert_array_equal(found.architectures, expected.architectures)
    np.testing.assert_allclose(found.psnr, expected.psnr, atol=5e-3)


def test_the_steps_of_a_retraining_in_cells_agree(engine: Engine, reference: Engine) -> None:
    batch = in_cells(twenty_steps_of(*HYPERPARAMETERS, channels=4, epochs=8), 2, 3)
    architectures = np.array(
        [
            [0, 1, 2, 3, 4, 1, 1, 0, 3, 2, 1, 0],
            [3, 2, 0, 4, 4, 4, 1, 1, 0, 4, 2, 0],
            [0, 1, 0, 1, 0, 1, 4, 4, 4, 4, 1, 0],
            [0, 1, 4, 4, 0, 4, 0, 1, 4, 0, 4, 4],
        ]
    )

    found = engine.retrain(batch, architectures, quiet)
    expected = reference.retrain(batch, architectures, quiet)

    assert distance(found.train_loss, expected.train_loss) < TOLERANCE
    np.testing.assert_allclose(found.train_psnr, expected.train_psnr, atol=1e-3)
    np.testing.assert_allclose(found.psnr, expected.psnr, atol=1e-3)


def test_scores_of_cells_without_operations_agree(engine: Engine, reference: Engine) -> None:
    batch = in_cells(batch_of(*HYPERPARAMETERS[:2]), cells=2, states=3)
    architectures = np.array([[4] * 12, [4] * 6 + [2, 4, 4, 4, 2, 3]])

    found = engine.retrain(batch, architectures, quiet)
    expected = reference.retrain(batch, architectures, quiet)

    np.testing.assert_allclose(found.psnr, expected.psnr, atol=1e-3)


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("problem", ["blur", "downsampling"])
def test_the_steps_of_a_retraining_agree(
    engine: Engine, reference: Engine, problem: str, kernel_size: int
) -> None:
    batch = twenty_steps_of(*HYPERPARAMETERS, problem=problem, channels=8, kernel_size=kernel_size)
    architectures = np.array([[0, 1, 0], [1, 2, 0], [3, 1, 2], [0, 3, 1]])

    found = engine.retrain(batch, architectures, quiet)
    expected = reference.retrain(batch, architectures, quiet)

    assert distance(found.train_loss, expected.train_loss) < TOLERANCE
    np.testing.assert_allclose(found.train_psnr, expected.train_psnr, atol=1e-3)
    np.testing.assert_allclose(found.psnr, expected.psnr, atol=1e-3)


def test_first_losses_of_ten_good_layers_agree(engine: Engine, reference: Engine) -> None:
    batch = twenty_steps_of(*HYPERPARAMETERS, operations="good", layers=10, channels=16)

    found, expected = engine.search(batch, quiet), reference.search(batch, quiet)

    assert distance(found.train_loss[:, :1], expected.train_loss[:, :1]) < TOLERANCE
    assert distance(found.validation_loss[:, :1], expected.validation_loss[:, :1]) < TOLERANCE


@pytest.mark.parametrize(
    ("points", "batch_size", "channels"), [(23, 37, 6), (50, 129, 1), (8, 2, 5), (64, 16, 64)]
)
def test_odd_sizes_agree(
    engine: Engine, reference: Engine, points: int, batch_size: int, channels: int
) -> None:
    batch = batch_of(
        *HYPERPARAMETERS, points=points, batch_size=batch_size, channels=channels, epochs=2
    )

    found, expected = engine.search(batch, quiet), reference.search(batch, quiet)

    assert distance(found.train_loss, expected.train_loss) < TOLERANCE
    assert distance(found.validation_loss, expected.validation_loss) < TOLERANCE


def test_scores_of_layers_without_weights_agree(engine: Engine, reference: Engine) -> None:
    batch = batch_of(*HYPERPARAMETERS[:2])
    architectures = np.array([[2, 2, 3], [3, 3, 3]])

    found = engine.retrain(batch, architectures, quiet)
    expected = reference.retrain(batch, architectures, quiet)

    np.testing.assert_allclose(found.psnr, expected.psnr, atol=1e-3)


def test_numba_trials_do_not_depend_on_their_batch() -> None:
    batch = batch_of(*HYPERPARAMETERS)
    alone = batch_of(HYPERPARAMETERS[0])
    assert batch.seeds[0] == alone.seeds[0]

    together = NumbaEngine(2).search(batch, quiet)
    apart = NumbaEngine(1).search(alone, quiet)

    assert np.array_equal(together.alpha[0], apart.alpha[0])
    assert together.psnr[0] == apart.psnr[0]
    assert np.array_equal(together.train_loss[0], apart.train_loss[0])
