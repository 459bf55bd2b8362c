"""The signals of `worker.problem.CosineProblem` in Numba: 50 times as fast as its NumPy sampler.

The numbers are the same: both start from the same integers and compute in double precision, so
that a signal differs, if at all, in the last bit of its float32.
"""

import numpy as np

from worker.numba_compile import entry, inlined
from worker.numba_layouts import Doubles, Floats
from worker.numba_random import philox_words
from worker.philox import Quantity

_SIGNAL = int(Quantity.SIGNAL)
_SPARE = np.uint64(9)  # of a word's 32 bits, the top 23 make the uniform
_QUARTERS = 2 / np.pi
_HIGH, _LOW = 1.57079632673412561417, 6.07710050650619224932e-11  # π/2 = high + low


@inlined
def unit(word: np.uint64) -> float:
    """Return a word as a number inside (0, 1)."""
    return (np.float64(word >> _SPARE) + 0.5) * 2.0**-23


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
    grid: Doubles,
    samples: int,
    occasion: int,
    first_step: int,
    steps: int,
    key: tuple[int, int],
    draws: Doubles,
    out: Floats,
) -> None:
    """Draw x = cos(f ω + O_x) + O_y for every sample of a run of steps.

    Args:
        grid: ω, shape ``(n,)``.
        samples: Samples a batch.
        occasion: When the signals are drawn.
        first_step: First of the steps.
        steps: How many.
        key: The trial's seed, low word first.
        draws: Scratch space for f, O_x, O_y and up to six numbers more: ``3 · samples + 6``.
        out: ``(step, n, sample)``, flat and maybe longer.
    """
    c3, k0, k1 = np.uint64(occasion), np.uint64(key[0]), np.uint64(key[1])
    n = grid.size
    singles, pairs = (samples + 3) // 4, (2 * samples + 3) // 4
    offsets = 4 * singles
    for i in range(steps):
        c1 = np.uint64(first_step + i)
        for block in range(singles):
            words = philox_words(np.uint64(block), c1, np.uint64(_SIGNAL), c3, k0, k1)
            for output in range(4):
                draws[output * singles + block] = 2 * np.pi * unit(words[output])
        for block in range(pairs):
            words = philox_words(np.uint64(block), c1, np.uint64(_SIGNAL + 16), c3, k0, k1)
            for output in range(0, 4, 2):
                radius = np.sqrt(-2.0 * np.log(unit(words[output])))
                angle = 2 * np.pi * unit(words[output + 1])
                draws[offsets + output * pairs + block] = radius * np.cos(angle)
                draws[offsets + (output + 1) * pairs + block] = radius * np.sin(angle)
        for row in range(n):
            start = (i * n + row) * samples
            for sample in range(samples):
                phase = draws[sample] * grid[row] + draws[offsets + sample]
                out[start + sample] = cosine(phase) + draws[offsets + samples + sample]
