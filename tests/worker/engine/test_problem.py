import numpy as np
import pytest

from configspace.study import ProblemSettings
from worker.engine.philox import KeyedGenerator, Occasion
from worker.engine.problem import CosineProblem, blur_matrix

NAMES = ("blur", "downsampling")


def problem_of(name: str, **settings: object) -> CosineProblem:
    return CosineProblem(ProblemSettings.model_validate({"name": name, **settings}))


def blurred(x: np.ndarray) -> np.ndarray:
    """Blur by a sum over taps, with the kernel of the paper."""
    kernel = np.exp(-((np.arange(-3, 4) * np.pi / 49) ** 2) / (2 * 0.2**2))
    return np.convolve(x, kernel / kernel.sum(), mode="same")


def applied(name: str, x: np.ndarray) -> np.ndarray:
    return blurred(x) if name == "blur" else blurred(x)[::4]


@pytest.mark.parametrize("name", NAMES)
def test_the_matrix_is_the_convolution(name: str) -> None:
    x = np.random.default_rng(0).normal(size=50)
    np.testing.assert_allclose(problem_of(name).matrix @ x, applied(name, x), atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_the_transpose_is_the_adjoint(name: str) -> None:
    random, matrix = np.random.default_rng(1), problem_of(name).matrix
    for _ in range(10):
        x, y = random.normal(size=50), random.normal(size=len(matrix))
        assert applied(name, x) @ y == pytest.approx(x @ (matrix.T @ y), rel=1e-12)


def test_downsampling_keeps_every_fourth_row_of_the_blur() -> None:
    kept = problem_of("downsampling").matrix
    np.testing.assert_array_equal(kept, problem_of("blur").matrix[[0, 4, 8, *range(12, 50, 4)]])


def test_a_blur_keeps_constants_away_from_the_ends() -> None:
    sums = problem_of("blur").matrix.sum(1)
    np.testing.assert_allclose(sums[3:-3], 1)
    assert (sums[[0, 1, 2, -3, -2, -1]] < 1).all()


def test_a_blur_is_symmetric_and_banded() -> None:
    matrix = blur_matrix(12, sigma=1.0, spacing=1.0, taps=5)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(matrix, np.triu(np.tril(matrix, 2), -2))


def test_signals_are_cosines_with_an_offset() -> None:
    problem = problem_of("blur", points=30)
    seeds = np.array([4, 9], dtype=np.int64)
    x = problem.signals(KeyedGenerator(seeds, Occasion.SEARCH_TRAINING, [0, 1], 16))
    assert x.shape == (2, 2, 30, 16)
    draws = KeyedGenerator(seeds, Occasion.SEARCH_TRAINING, [0, 1], 16)
    frequency, offsets = 2 * np.pi * draws.uniform(1), draws.normal(2)
    omega = np.linspace(-np.pi / 2, np.pi / 2, 30)
    for at in (0, 13, 29):
        expected = np.cos(frequency[:, :, 0] * omega[at] + offsets[:, :, 0]) + offsets[:, :, 1]
        np.testing.assert_allclose(x[:, :, at], expected, atol=1e-14)


@pytest.mark.parametrize(("sigma", "same_as"), [(1e300, 1e100), (1e-300, 1e-100)])
def test_an_extreme_blur_is_the_limit(sigma: float, same_as: float) -> None:
    extreme, limit = (blur_matrix(12, sigma=one, spacing=0.1, taps=5) for one in (sigma, same_as))
    np.testing.assert_array_equal(extreme, limit)
    assert extreme[6].max() == (0.2 if sigma > 1 else 1.0)
