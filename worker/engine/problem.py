"""One-dimensional linear inverse problems: a signal x and its measurement y = A x + noise.

A problem is a matrix and a sampler of signals. Both use NumPy, so that all engines share them.

Source: Geiping, Lukasik et al. 2023, Sec. 5.1.
"""

import reprlib
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from configspace.custom import is_custom
from configspace.errors import ServiceError
from configspace.study import ProblemSettings
from worker.engine.custom import blamed, custom_class
from worker.engine.philox import KeyedGenerator, Occasion


class Problem(Protocol):
    """An inverse problem, as engines use it."""

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The linear operator A, shape ``(m, n)``."""

    @property
    def noise(self) -> float:
        """Standard deviation of the white noise in a measurement."""

    def signals(self, generator: KeyedGenerator) -> NDArray[np.float64]:
        """Draw one signal per sample of the generator, shape ``(trial, step, n, batch)``."""


def problem_of(settings: ProblemSettings) -> Problem:
    """Return the problem that a job names: a built-in problem or a custom one.

    Raises:
        ServiceError: If a custom problem does not work on this machine: its file is missing or
            differs, or its class is not a problem. The configuration is not the cause.
    """
    if not is_custom(settings.name):
        return CosineProblem(settings)
    made = custom_class(settings.name, settings.source)
    with blamed(f"cannot make the problem {settings.name!r}"):
        problem: Any = made(settings)
    with blamed(f"problem {settings.name!r} cannot be used"):
        return _checked(settings.name, problem)


def _checked(name: str, problem: Any) -> Problem:
    """Return a custom problem if it has everything that an engine needs; raise otherwise."""

    def wrong(expected: str, got: object, advice: str = "") -> ServiceError:
        return ServiceError(f"problem {name!r}: expected {expected}, got {got}", advice=advice)

    matrix, noise, _ = (_read(name, problem, each) for each in ("matrix", "noise", "signals"))
    if not isinstance(matrix, np.ndarray) or matrix.ndim != 2 or matrix.dtype != np.float64:
        got = f"{getattr(matrix, 'dtype', type(matrix).__name__)} of shape {np.shape(matrix)}"
        raise wrong("a matrix as a NumPy array of float64 of shape (m, n)", got)
    if not np.isfinite(matrix).all():
        raise wrong("a matrix of finite numbers", "NaN or infinity in it")
    if np.ndim(noise) or np.asarray(noise).dtype.kind not in "biuf":
        raise wrong("a number as the noise", reprlib.repr(noise))
    if not (np.isfinite(noise) and noise >= 0):
        raise wrong("a noise of 0 or more", noise)
    seeds = np.array([1, 2], dtype=np.int64)
    with blamed(f"problem {name!r}: signals() failed"):
        both, again, alone = (
            np.asarray(problem.signals(KeyedGenerator(of, Occasion.SEARCH_SCORE, range(3), 5)))
            for of in (seeds, seeds, seeds[1:])
        )
    if both.shape != (shape := (2, 3, matrix.shape[1], 5)):
        raise wrong(f"signals of shape (trial, step, n, batch) = {shape}", both.shape)
    if not np.isfinite(both).all():
        raise wrong("finite signals", "NaN or infinity in them")
    if not (np.array_equal(both, again) and np.array_equal(both[1:], alone)):
        raise wrong(
            "signals that depend only on the generator's numbers of their trial",
            "different signals from equal seeds",
            advice="draw all random numbers from the generator, always in the same order",
        )
    return problem  # type: ignore[no-any-return]


def _read(name: str, problem: Any, attribute: str) -> Any:
    """Return an attribute of a custom problem."""
    with blamed(f"problem {name!r}: cannot read {attribute!r}"):
        try:
            return getattr(problem, attribute)
        except AttributeError:
            if hasattr(type(problem), attribute):  # a property, which raised the error itself
                raise
    raise ServiceError(
        f"problem {name!r}: expected an attribute {attribute!r}, got none",
        advice="define matrix, noise and signals()",
    )


class CosineProblem:
    """Recover cosine waves from linear measurements of them (Sec. 5.1)."""

    def __init__(self, settings: ProblemSettings) -> None:
        """Build A for ``settings.name``: ``blur``, or ``downsampling``, which blurs first."""
        n = settings.points
        self.grid = np.linspace(-np.pi / 2, np.pi / 2, n)  # ω, (n,)
        blur = blur_matrix(n, sigma=settings.sigma, spacing=np.pi / (n - 1), taps=settings.taps)
        self.matrix = blur[:: settings.factor] if settings.name == "downsampling" else blur
        self.noise = settings.noise

    def signals(self, generator: KeyedGenerator) -> NDArray[np.float64]:
        """Draw x = cos(f ω + O_x) + O_y with f ~ U[0, 2π] and O_x, O_y ~ N(0, 1).

        Returns:
            Signals, shape ``(trial, step, n, batch)``.
        """
        frequency = 2 * np.pi * generator.uniform(1)  # (trial, step, 1, batch)
        offsets = generator.normal(2)  # (trial, step, 2, batch)
        phase = frequency * self.grid[:, None] + offsets[:, :, :1]
        waves: NDArray[np.float64] = np.cos(phase) + offsets[:, :, 1:]
        return waves


def blur_matrix(n: int, *, sigma: float, spacing: float, taps: int) -> NDArray[np.float64]:
    """Return the matrix of a normalized Gaussian blur with zero padding.

    Args:
        n: Number of samples in a signal.
        sigma: Standard deviation of the kernel, in the units of the interval.
        spacing: Distance between two samples, same units.
        taps: Number of taps of the kernel, odd. The taps sum to 1.

    Returns:
        The matrix, shape ``(n, n)``, symmetric and banded. Rows near the ends sum to less than 1,
        because the signal is zero beyond its ends.
    """
    reach = taps // 2
    offsets = np.arange(-reach, reach + 1)
    # Outside these limits the square of sigma is 0 or infinite. The kernel is the same at them: one
    # tap that is 1, or equal taps.
    sigma = min(max(sigma, 1e-150), 1e150)
    kernel = np.exp(-((offsets * spacing) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    return sum(
        (weight * np.eye(n, k=int(offset)) for weight, offset in zip(kernel, offsets, strict=True)),
        start=np.zeros((n, n)),
    )
