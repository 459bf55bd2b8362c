"""The signals of `worker.problem.CosineProblem` in Numba: 50 times as fast as its NumPy sampler.

The numbers are the same: both start from the same integers and compute in double precision, so
that a signal differs, if at all, in the last bit of its float32.
"""

from typing import Any

import numpy as np

from worker.numba_compile import entry, inlined
from worker.numba_layouts import Doubles, Floats
from worker.numba_random import philox_words
from worker.philox import Quantity

_SIGNAL = int(Quantity.SIGNAL)
_SPARE = np.uint64(9)  # of a word's 32 bits, the top 23 make the uniform
_ROOT_HALF, _EXPONENT = np.int64(0x3FE6A09E667F3BCD), np.int64(52)  # bits of √½; of a mantissa
_LOG2 = np.log(2.0)
_QUARTERS = 2 / np.pi
_HIGH, _LOW = 1.57079632673412561417, 6.07710050650619224932e-11  # π/2 = high + low


@inlined
def unit(word: np.uint64) -> float:
    """Return a word as a number inside (0, 1)."""
    return (np.float64(word >> _SPARE) + 0.5) * 2.0**-23


@inlined
def logarithm(x: float) -> float:
    """Return log(x) for a positive normal x, without a branch.

    x = m 2^e with m = 1 + f in [√½, √2), and log(1 + f) is a series in f / (2 + f).

    Source: fdlibm (Sun Microsystems), e_log.c.
    """
    bits = np.float64(x).view(np.int64)
    exponent = (bits - _ROOT_HALF) >> _EXPONENT
    m = np.int64(bits - (exponent << _EXPONENT))
    f = m.view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    series = 1.479819860511658591e-01
    series = series * z + 1.531383769920937332e-01
    series = series * z + 1.818357216161805012e-01
    series = series * z + 2.222219843214978396e-01
    series = series * z + 2.857142874366239149e-01
    series = series * z + 3.999999999940941908e-01
    series = series * z + 6.666666666666735130e-01
    half = 0.5 * f * f
    return exponent * _LOG2 - ((half - s * (half + series * z)) - f)


@inlined
def root_log(word: np.uint64) -> float:
    """Return √(−2 log u) of a word's number u."""
    return np.sqrt(-2.0 * logarithm(unit(word)))


@inlined
def cosine(x: float) -> float:
    """Return cos(x) for moderate x, without a branch, so that loops over it vectorise.

    The angle is reduced to r in [−π/4, π/4] by multiples q of π/2, whose parts are subtracted one
    after the other; then cos(x) is ±cos(r) or ±sin(r).

    Source of the polynomials: fdlibm (Sun Microsystems), k_cos.c and k_sin.c.
    """
    q = np.floor(x * _QUARTERS + 0.5)
    r = (x - q * _HIGH) - q * _LOW
    z = r * r
    tail = -1.13596475577881948265e-11
    tail = tail * z + 2.08757232129817482790e-09
    tail = tail * z - 2.75573143513906633035e-07
    tail = tail * z + 2.48015872894767294178e-05
    tail = tail * z - 1.38888888888741095749e-03
    tail = tail * z + 4.16666666666666019037e-02
    along = 1.0 - 0.5 * z + z * z * tail
    tail = 1.58969099521155010221e-10
    tail = tail * z - 2.50507602534068634195e-08
    tail = tail * z + 2.75573137070700676789e-06
    tail = tail * z - 1.98412698298579493134e-04
    tail = tail * z + 8.33333333332248946124e-03
    tail = tail * z - 1.66666666666666324348e-01
    across = r + r * z * tail
    half = q * 0.5
    value = across if half != np.floor(half) else along
    # The sign is − for q = 1 and 2 of each 4.
    quarter = (q + 1.0) * 0.25
    return -value if quarter - np.floor(quarter) >= 0.5 else value


@entry
def cosine_waves(
    trial: Any,
    grid: Doubles,
    samples: int,
    occasion: int,
    first_step: int,
    steps: int,
    draws: Doubles,
    out: Floats,
) -> None:
    """Draw x = cos(f ω + O_x) + O_y for every sample of a run of steps.

    Args:
        trial: Has the key of the random numbers.
        grid: ω, shape ``(n,)``.
        samples: Samples a batch.
        occasion: When the signals are drawn.
        first_step: First of the steps.
        steps: How many.
        draws: Scratch space for f, O_x, O_y and up to six numbers more: ``3 · samples + 6``.
        out: ``(step, n, sample)``, flat and maybe longer.
    """
    c3, k0, k1 = np.uint64(occasion), np.uint64(trial.key0), np.uint64(trial.key1)
    n = grid.size
    singles, pairs = (samples + 3) // 4, (2 * samples + 3) // 4
    offsets = 4 * singles
    for i in range(steps):
        c1 = np.uint64(first_step + i)
        what = np.uint64(_SIGNAL)
        for block in range(singles):
            w0, w1, w2, w3 = philox_words(np.uint64(block), c1, what, c3, k0, k1)
            draws[block] = 2 * np.pi * unit(w0)
            draws[singles + block] = 2 * np.pi * unit(w1)
            draws[2 * singles + block] = 2 * np.pi * unit(w2)
            draws[3 * singles + block] = 2 * np.pi * unit(w3)
        what = np.uint64(_SIGNAL + 16)
        for block in range(pairs):
            w0, w1, w2, w3 = philox_words(np.uint64(block), c1, what, c3, k0, k1)
            first, second = root_log(w0), root_log(w2)
            angle, other = 2 * np.pi * unit(w1), 2 * np.pi * unit(w3)
            draws[offsets + block] = first * cosine(angle)
            draws[offsets + pairs + block] = first * cosine(angle - np.pi / 2)
            draws[offsets + 2 * pairs + block] = second * cosine(other)
            draws[offsets + 3 * pairs + block] = second * cosine(other - np.pi / 2)
        for row in range(n):
            start = (i * n + row) * samples
            for sample in range(samples):
                phase = draws[sample] * grid[row] + draws[offsets + sample]
                out[start + sample] = cosine(phase) + draws[offsets + samples + sample]
