"""No kernel writes outside the arrays of its trial.

Each array of a trial is moved between two strips of a value that no kernel computes.
"""

from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.worker.made_up import HYPERPARAMETERS, batch_of, with_parameters
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.contract import Batch
from worker.numba_engine import workspace
from worker.numba_engine.engine import NumbaEngine
from worker.numba_engine.first_calls import ensure_compiled
from worker.numba_engine.memory import ITEM, Memory, Sizes

STRIP = 4096
CANARY = np.float32(-1.2345e-30)
WEIGHTS = ("first", "second", "scale", "shift", "bias", "flattening")
TOGETHER = [[f"{name}{kind}" for name in WEIGHTS] for kind in ("", "_gradient", "_moment1")]
TOGETHER.append([f"{name}_moment2" for name in WEIGHTS])
"""Arrays that kernels sweep as one array, and that therefore stay next to each other."""


class Guarded(Memory):
    """A trial's memory in pieces, each between two strips."""

    created: ClassVar[list["Guarded"]] = []

    def __init__(self, matrix: NDArray[np.float64], sizes: Sizes) -> None:
        super().__init__(matrix, sizes)
        self.strips: list[NDArray[np.float32]] = []
        apart = [[name] for name in self._arrays if all(name not in group for group in TOGETHER)]
        for group in TOGETHER + apart:
            places = [self.trial[name] - self.trial[group[0]] for name in group]
            count = places[-1] // ITEM + self[group[-1]].size
            piece = np.full(count + 2 * STRIP, CANARY)
            self.strips += [piece[:STRIP], piece[STRIP + count :]]
            piece[STRIP : STRIP + count] = 0
            for name, place in zip(group, places, strict=True):
                start = STRIP + int(place) // ITEM
                moved = piece[start : start + self[name].size].reshape(self[name].shape)
                moved[:] = self[name]
                self._arrays[name] = moved
                self.trial[name] = moved.ctypes.data
        self.created.append(self)


@pytest.mark.parametrize(
    ("points", "batch_size", "channels", "layers", "problem"),
    [
        (8, 2, 1, 1, "blur"),
        (9, 3, 3, 2, "downsampling"),
        (50, 127, 16, 3, "blur"),
        (63, 129, 20, 2, "downsampling"),
    ],
)
def test_kernels_write_only_to_their_arrays(
    monkeypatch: pytest.MonkeyPatch,
    points: int,
    batch_size: int,
    channels: int,
    layers: int,
    problem: str,
) -> None:
    ensure_compiled(lambda _: None)
    monkeypatch.setattr(workspace, "Memory", Guarded)
    monkeypatch.setattr(Guarded, "created", [])
    batch = batch_of(
        *HYPERPARAMETERS[:3],
        points=points,
        batch_size=batch_size,
        channels=channels,
        layers=layers,
        problem=problem,
    )
    picks = np.random.default_rng(0).integers(0, 4, (3, layers))

    assert_guarded(batch, picks)


@pytest.mark.parametrize(
    ("points", "batch_size", "cells", "states"), [(9, 3, 2, 3), (50, 129, 1, 2), (23, 37, 3, 2)]
)
def test_kernels_of_cells_write_only_to_their_arrays(
    monkeypatch: pytest.MonkeyPatch, points: int, batch_size: int, cells: int, states: int
) -> None:
    ensure_compiled(lambda _: None, space="cell")
    monkeypatch.setattr(workspace, "Memory", Guarded)
    monkeypatch.setattr(Guarded, "created", [])
    batch = batch_of(*HYPERPARAMETERS[:3], points=points, batch_size=batch_size)
    batch = in_cells(batch, cells, states)
    picks = np.random.default_rng(0).integers(0, 5, (3, batch.architecture.edges))

    assert_guarded(batch, picks)


@pytest.mark.parametrize(
    ("points", "batch_size", "dilation"), [(50, 129, 1.5), (9, 3, 20.0), (23, 37, 0.4)]
)
def test_dilated_kernels_write_only_to_their_arrays(
    monkeypatch: pytest.MonkeyPatch, points: int, batch_size: int, dilation: float
) -> None:
    ensure_compiled(lambda _: None, dilated=True)
    monkeypatch.setattr(workspace, "Memory", Guarded)
    monkeypatch.setattr(Guarded, "created", [])
    batch = batch_of(*HYPERPARAMETERS[:3], points=points, batch_size=batch_size)
    batch = with_parameters(batch, dilation=dilation)
    picks = np.array([[0, 1, 0], [3, 0, 1], [0, 2, 1]])

    psnr = NumbaEngine(1).retrain(batch, picks, lambda *_: None).psnr

    assert np.isfinite(psnr).all()
    assert_kept_to_their_arrays(Guarded.created)


def assert_guarded(batch: Batch, picks: NDArray[np.int64]) -> None:
    scores = [
        NumbaEngine(2).search(batch, lambda *_: None).psnr,
        NumbaEngine(1).retrain(batch, picks, lambda *_: None).psnr,
    ]

    assert np.isfinite(scores).all()
    assert len(Guarded.created) == 3
    assert_kept_to_their_arrays(Guarded.created)


def assert_kept_to_their_arrays(memories: list[Guarded]) -> None:
    for memory in memories:
        for strip in memory.strips:
            np.testing.assert_array_equal(strip, CANARY)
