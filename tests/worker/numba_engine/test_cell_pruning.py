import numpy as np
from numpy.typing import NDArray

from configspace.architecture import ArchitectureSettings
from worker.numba_engine.cell_pruning import needed_edges, trained_signals

TWO_CELLS = ArchitectureSettings(space="cell", cells=2, states=3)
"""Sources of the states of each cell: 1: input; 2: input, 1; 3: input, 1, 2."""


def flags(*digits: str) -> NDArray[np.bool_]:
    return np.array([digit == "1" for digit in "".join(digits)])


def test_all_edges_of_a_full_network_are_needed() -> None:
    assert needed_edges(TWO_CELLS, np.ones(12, bool)).all()


def test_an_edge_to_an_unused_state_is_not_needed() -> None:
    kept = flags("100100", "111111")  # no edge uses state 1 of the first cell
    assert needed_edges(TWO_CELLS, kept).tolist() == flags("000100", "111111").tolist()


def test_a_cell_with_an_unused_output_is_not_needed() -> None:
    kept = flags("111111", "000011")
    assert not needed_edges(TWO_CELLS, kept)[:6].any()


def test_signals_that_depend_on_a_weight_are_trained() -> None:
    needed = np.ones(12, bool)
    mapped = flags("001000", "000000")  # from state 1 of the first cell to state 2
    trained = trained_signals(TWO_CELLS, needed, mapped)
    assert trained[:4].tolist() == [False, False, True, True]
    assert trained[4:].all(), "the first flattening has weights"
