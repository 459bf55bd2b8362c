"""Random search with weight sharing: random architectures, finalists, and the count of passes."""

from collections import Counter

import numpy as np
import pytest

from configspace.architecture import ArchitectureSettings
from configspace.search import SearchSettings
from worker.engine.philox import Occasion
from worker.engine.rs_ws import ScoringProgress, best, finalists, random_architectures

SEEDS = np.array([3, 2**40, 2**62 + 1])
CELLS = ArchitectureSettings(space="cell", cells=1, states=3)


@pytest.mark.parametrize("architecture", [ArchitectureSettings(layers=4), CELLS])
def test_every_operation_is_equally_likely(architecture: ArchitectureSettings) -> None:
    drawn = random_architectures(architecture, SEEDS, Occasion.CANDIDATES, range(1000))
    assert drawn.shape == (3, 1000, architecture.edges)
    operations = 4 if architecture.space == "sequential" else 5
    for edge in range(architecture.edges):
        counts = Counter(drawn[:, :, edge].ravel().tolist())
        assert sorted(counts) == list(range(operations))
        expected = 3000 / operations
        assert all(abs(count - expected) < 4.5 * np.sqrt(expected) for count in counts.values())


def test_an_architecture_depends_on_seed_occasion_and_step() -> None:
    architecture = ArchitectureSettings()
    drawn = random_architectures(architecture, SEEDS, Occasion.CANDIDATES, range(20))
    alone = random_architectures(architecture, SEEDS[1:2], Occasion.CANDIDATES, range(7, 9))
    np.testing.assert_array_equal(alone[0], drawn[1, 7:9])
    training = random_architectures(architecture, SEEDS, Occasion.SEARCH_TRAINING, range(20))
    assert len(np.unique(np.concatenate((drawn, training)).reshape(-1, 10), axis=0)) == 120


def test_finalists_are_the_best_without_repetitions() -> None:
    drawn = np.array([[0, 1], [1, 1], [0, 1], [2, 0], [0, 0]])
    psnr = np.array([20.0, 22.0, 20.0, np.nan, 19.0])
    chosen = finalists(drawn, psnr, 3)
    assert chosen.tolist() == [[1, 1], [0, 1], [0, 0]]


def test_too_few_architectures_are_finalists_twice() -> None:
    chosen = finalists(np.array([[0], [1], [0]]), np.array([1.0, 2.0, 1.0]), 3)
    assert chosen.tolist() == [[1], [0], [1]]


def test_nan_is_never_the_best() -> None:
    assert best(np.array([np.nan, -np.inf, 3.0, np.nan])) == 2
    assert best(np.array([np.inf, 3.0])) == 0


@pytest.mark.parametrize("batches", [1, 2, 19])
def test_all_passes_amount_to_the_stated_epochs(batches: int) -> None:
    settings = {"architectures": 7, "batches": 3, "finalists": 2}
    search = SearchSettings.model_validate(
        {"variant": "rs-ws", "batches": batches, "rs_ws": settings}
    )
    ended: list[int] = []
    progress = ScoringProgress(search, lambda: ended.append(1))
    for _ in range(7):
        progress.add(3)
    for _ in range(2):
        progress.add(batches)
    assert len(ended) == search.scoring_epochs
    assert search.scoring_epochs == -(-(21 + 2 * batches) // (3 * batches))
