from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from worker.engine import philox as module
from worker.engine.philox import KeyedGenerator, Occasion, Quantity, blocks, philox, to_unit

SEEDS = np.array([3, 2**40 + 1, 2**62], dtype=np.int64)


def generator(
    seeds: NDArray[np.int64] = SEEDS,
    occasion: Occasion = Occasion.SEARCH_TRAINING,
    steps: Sequence[int] = (0, 1, 5),
    size: int = 6,
    quantity: Quantity = Quantity.SIGNAL,
    index: int = 0,
) -> KeyedGenerator:
    return KeyedGenerator(seeds, occasion, steps, size, quantity, index)


def test_seven_rounds_give_the_published_words_for_zeros() -> None:
    assert philox((0, 0, 0, 0), (0, 0)) == [0x5F6FB709, 0x0D893F64, 0x4F121F81, 0x4F730A48]


def test_ten_rounds_give_the_published_words_for_zeros(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ROUNDS", 10)
    assert philox((0, 0, 0, 0), (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


def test_ten_rounds_give_the_published_words_for_pi(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ROUNDS", 10)
    counter = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    words = philox(counter, (0xA4093822, 0x299F31D0))
    assert words == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


def test_64_bit_arrays_give_the_exact_words() -> None:
    counters = np.random.default_rng(0).integers(0, 2**32, size=(50, 6), dtype=np.int64)
    drawn = np.stack(philox(list(counters.T[:4]), list(counters.T[4:])), axis=1)
    exact = [philox([int(c) for c in row[:4]], [int(k) for k in row[4:]]) for row in counters]
    np.testing.assert_array_equal(drawn, exact)


def test_words_lie_in_32_bits() -> None:
    words = generator()._words(100)
    assert words.min() >= 0
    assert words.max() < 2**32


def test_unit_numbers_are_exact_in_float32_and_inside_0_1() -> None:
    units = to_unit(np.array([0, 511, 512, 2**32 - 1], dtype=np.int64))
    np.testing.assert_array_equal(units.astype(np.float32).astype(np.float64), units)
    assert units.min() > 0
    assert units.max() < 1


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (4, 1), (5, 2), (6400, 1600)])
def test_four_words_take_one_counter(count: int, expected: int) -> None:
    assert blocks(count) == expected


def test_uniform_numbers_have_the_right_moments() -> None:
    drawn = generator(steps=range(40), size=1000).uniform(5)
    error = np.sqrt(1 / 12 / drawn.size)
    assert abs(drawn.mean() - 0.5) < 4 * error
    assert abs(drawn.var() - 1 / 12) < 4 * np.sqrt(1 / 180 / drawn.size)


def test_normal_numbers_have_the_right_moments() -> None:
    drawn = generator(steps=range(40), size=1000).normal(5)
    # Variances of the sample moments of a standard normal: 1, 2, 15, 96.
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((drawn**power).mean() - moment) < 4 * np.sqrt(variance / drawn.size)


def test_the_outputs_of_a_counter_are_uncorrelated() -> None:
    drawn = generator(steps=range(40), size=4000).normal(1)  # (trial, step, 1, 4 · blocks)
    outputs = drawn.reshape(-1, 4, 1000).transpose(1, 0, 2).reshape(4, -1)
    correlations = np.corrcoef(outputs) - np.eye(4)
    assert abs(correlations).max() < 4.5 / np.sqrt(outputs.shape[1])


def test_a_draw_does_not_depend_on_others() -> None:
    together = generator().normal(3)
    alone = generator(seeds=SEEDS[1:2], steps=[5]).normal(3)
    np.testing.assert_array_equal(alone[0, 0], together[1, 2])


@pytest.mark.parametrize(
    "other",
    [
        generator(seeds=SEEDS + 1),
        generator(seeds=SEEDS + 2**32),
        generator(occasion=Occasion.SEARCH_VALIDATION),
        generator(steps=(2, 3, 4)),
        generator(quantity=Quantity.MEASUREMENT_NOISE),
        generator(index=1),
    ],
    ids=["seed", "high word of the seed", "occasion", "step", "quantity", "index"],
)
def test_each_part_of_the_key_changes_a_draw(other: KeyedGenerator) -> None:
    assert not (generator().uniform(4) == other.uniform(4)).any()


def test_each_call_draws_with_the_next_index() -> None:
    twice = generator()
    twice.uniform(2)
    np.testing.assert_array_equal(twice.uniform(2), generator(index=1).uniform(2))


def test_draws_have_the_stated_shape() -> None:
    assert generator().uniform(7).shape == (3, 3, 7, 6)
    assert generator().normal(7).shape == (3, 3, 7, 6)
