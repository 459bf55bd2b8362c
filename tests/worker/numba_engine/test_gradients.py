"""The gradients of a step against those of PyTorch's modules and autograd in float64.

After a step of size zero, the gradients are in memory. Float32 rounds each of some thousand sums:
the tolerance is 2e-4 of the largest gradient of the same kind on the same edge.
"""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.worker.made_up import batch_of
from tests.worker.torch_engine.plain import Plain
from tests.worker.torch_engine.plain_cell import PlainCells, first_batch, in_cells
from worker.engine.contract import Batch
from worker.engine.initialization import initial_alpha
from worker.engine.philox import Occasion
from worker.numba_engine.alpha import Alpha
from worker.numba_engine.epochs import search_epoch, train_epoch
from worker.numba_engine.workspace import Workspace, initial_values

pytestmark = pytest.mark.slow

NO_STEP = np.zeros(1)
SIZES = [
    {},
    {"operations": "good"},
    {"problem": "downsampling"},
    {"kernel_size": 5},
    {"points": 23, "batch_size": 37, "channels": 6},
    {"points": 23, "batch_size": 37, "channels": 6, "kernel_size": 5},
    {"layers": 1, "points": 8, "batch_size": 130, "channels": 20},
    {"batch_size": 70},
]
CELLS = [
    (2, 3, {}),
    (1, 2, {"operations": "good"}),
    (1, 5, {"problem": "downsampling"}),
    (3, 2, {"points": 23, "batch_size": 37, "channels": 6, "kernel_size": 5}),
]
"""Numbers of cells and states, and other sizes."""


def plain(batch: Batch, occasion: Occasion) -> Plain | PlainCells:
    kind = Plain if batch.architecture.space == "sequential" else PlainCells
    return kind(batch, occasion, 0)


def expected_weights(net: Plain | PlainCells) -> dict[str, NDArray[np.float64]]:
    """Return the gradients by kind, ``(edge, slot, …)``, taps before channels."""

    def of(parameter: Tensor) -> NDArray[np.float64]:
        return np.zeros(parameter.shape) if parameter.grad is None else parameter.grad.numpy()

    edges: Any = net.layers if isinstance(net, Plain) else net.edges
    flattenings: Any = [] if isinstance(net, Plain) else net.flattenings
    pairs = [(edge.gradient, edge.cnn) for edge in edges]
    return {
        "first": np.array([[of(n[0].weight)[:, 0].T for n in pair] for pair in pairs]),
        "scale": np.array([[of(n[1].weight) for n in pair] for pair in pairs]),
        "shift": np.array([[of(n[1].bias) for n in pair] for pair in pairs]),
        "second": np.array([[of(n[3].weight)[0].T for n in pair] for pair in pairs]),
        "bias": np.array([[of(n[3].bias)[0] for n in pair] for pair in pairs]),
        "flattening": np.array([[*of(f.weight).reshape(-1), *of(f.bias)] for f in flattenings]),
    }


def our_weights(workspace: Workspace, batch: Batch) -> dict[str, NDArray[np.float32]]:
    edges, channels = batch.architecture.edges, batch.architecture.channels
    kinds = ("first", "scale", "shift", "second")
    found = {kind: workspace.memory[f"{kind}_gradient"][..., :channels] for kind in kinds}
    found["second"] = found["second"][:, :, ::-1]  # its taps are kept in reverse
    bias = workspace.memory["bias_gradient"][: 2 * edges].reshape(edges, 2)
    return {**found, "bias": bias, "flattening": workspace.memory["flattening_gradient"][:, :7]}


def close(ours: NDArray[np.floating], theirs: NDArray[np.floating], what: str) -> None:
    """Compare edge by edge."""
    for edge, (mine, expected) in enumerate(zip(ours, theirs, strict=True)):
        atol = 2e-4 * np.abs(expected).max()
        np.testing.assert_allclose(mine, expected, rtol=0, atol=atol, err_msg=f"{what} of {edge}")


def loss_of(net: Plain | PlainCells, shares: Tensor, batch: Batch, occasion: Occasion) -> float:
    """Return the loss of a step, and leave its gradients."""
    x, y, noise = first_batch(batch, occasion)
    net.zero_grad()
    loss: Tensor = (net(shares, y, noise) - x).square().mean()
    loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.detach())


def search_agrees(batch: Batch) -> None:
    value = initial_alpha(batch)[0]
    value += np.linspace(-1, 1, value.size).reshape(value.shape)
    net, theirs = plain(batch, Occasion.SEARCH_START), torch.tensor(value, requires_grad=True)
    validation = loss_of(net, theirs.softmax(-1), batch, Occasion.SEARCH_VALIDATION)
    training = loss_of(net, theirs.detach().softmax(-1), batch, Occasion.SEARCH_TRAINING)

    workspace = Workspace(batch)
    workspace.begin(0, initial_values(batch, Occasion.SEARCH_START))
    alpha = Alpha(value, 0 * value, 0 * value, np.zeros((2, *value.shape)), 0.0, by_adam=False)
    means = search_epoch(
        *workspace.network,
        alpha,
        workspace.batches(0, Occasion.SEARCH_VALIDATION, range(1), NO_STEP, buffer=0),
        workspace.batches(0, Occasion.SEARCH_TRAINING, range(1), NO_STEP, buffer=1),
        None,
    )

    assert means.validation_loss == pytest.approx(validation, rel=1e-5)
    assert means.train_loss == pytest.approx(training, rel=1e-5)
    assert theirs.grad is not None
    close(alpha.gradient, theirs.grad.numpy(), "alpha")
    found = our_weights(workspace, batch)
    for kind, expected in expected_weights(net).items():
        close(found[kind], expected, kind)


def retraining_agrees(batch: Batch, picks: list[int]) -> None:
    net, occasion = plain(batch, Occasion.RETRAIN_START), Occasion.RETRAIN_TRAINING
    shares = np.eye(5 if batch.architecture.space == "cell" else 4)[picks]
    loss = loss_of(net, torch.as_tensor(shares), batch, occasion)

    workspace = Workspace(batch)
    workspace.begin(0, initial_values(batch, Occasion.RETRAIN_START))
    workspace.keep(shares)
    batches = workspace.batches(0, occasion, range(1), NO_STEP)
    means = train_epoch(*workspace.network, batches)

    assert means.loss == pytest.approx(loss, rel=1e-5)
    found = our_weights(workspace, batch)
    for kind, expected in expected_weights(net).items():
        close(found[kind], expected, kind)


@pytest.mark.parametrize("sizes", SIZES)
def test_search_gradients_equal_autograd(sizes: dict[str, Any]) -> None:
    search_agrees(batch_of(batches=1, epochs=1, **sizes))


@pytest.mark.parametrize(("cells", "states", "sizes"), CELLS)
def test_search_gradients_in_cells_equal_autograd(
    cells: int, states: int, sizes: dict[str, Any]
) -> None:
    search_agrees(in_cells(batch_of(batches=1, epochs=1, **sizes), cells, states))


@pytest.mark.parametrize("kind", ["first", "scale", "shift", "second", "bias"])
@pytest.mark.parametrize("cells", [0, 2])
def test_a_nan_weight_makes_the_loss_nan(cells: int, kind: str) -> None:
    batch = batch_of(batches=1, epochs=1, channels=20)
    batch = in_cells(batch, cells, 2) if cells else batch
    workspace, occasion = Workspace(batch), Occasion.RETRAIN_START
    workspace.begin(0, initial_values(batch, occasion))
    workspace.keep(np.eye(5 if cells else 4)[[1] * batch.architecture.edges])
    losses = []
    for value in (0.5, np.nan):
        weights = workspace.memory[kind]
        (weights if kind == "bias" else weights[0, 1])[..., 1] = value
        batches = workspace.batches(0, occasion, range(1), NO_STEP)
        losses.append(train_epoch(*workspace.network, batches).loss)
    assert np.isfinite(losses[0])
    assert np.isnan(losses[1])


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("picks", [[0, 0, 0], [1, 1, 1], [0, 2, 1], [3, 1, 2], [2, 3, 0]], ids=str)
def test_retraining_gradients_equal_autograd(picks: list[int], kernel_size: int) -> None:
    batch = batch_of(batches=1, epochs=1, points=21, batch_size=30, kernel_size=kernel_size)
    retraining_agrees(batch, picks)


@pytest.mark.parametrize(
    "picks",
    [
        [0, 1, 2, 3, 4, 1, 1, 0, 3, 2, 1, 0],
        # The first cell's second state does not depend on a weight.
        [3, 2, 0, 4, 4, 4, 1, 1, 0, 4, 2, 0],
        # The second cell does not use its input, so that the first cell is not needed.
        [0, 1, 0, 1, 0, 1, 4, 4, 4, 4, 1, 0],
        # A state that nothing uses, and one that has no edges.
        [0, 1, 4, 4, 0, 4, 0, 1, 4, 0, 4, 4],
        [4] * 12,
    ],
    ids=str,
)
def test_retraining_gradients_in_cells_equal_autograd(picks: list[int]) -> None:
    batch = in_cells(batch_of(batches=1, epochs=1, points=21, batch_size=30), cells=2, states=3)
    retraining_agrees(batch, picks)
