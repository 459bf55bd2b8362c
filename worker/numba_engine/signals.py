"""The signals of `worker.engine.problem.CosineProblem` in Numba, 50 times as fast as in NumPy.

Both start from the same integers and compute in double precision. A signal differs, if at all, in
the last bit of its float32.
"""

import numpy as np

from worker.engine.philox import Quantity
from worker.numba_engine.compilation import entry, inlined
from worker.numba_engine.memory import Doubles, Floats, Trial
from worker.numba_engine.random import philox_words

_SIGNAL = int(Quantity.SIGNAL)
_SPARE = np.uint64(9)  # low bits that are dropped: the top 23 bits make the uniform
_ROOT_HALF, _EXPONENT = (
    np.int64(0x3FE6A09E667F3BCD),
    np.int64(52),
)  # bits of √½; width of the mantissa
_LOG2 = np.log(2.0)
_HALF_TURNS = 1 / np.pi
_HIGH, _LOW = 3.14159265346825122834, 1.21542010130123844986e-10  # π = high + low


@inlined
def unit(word: np.uint64) -> float:
    """Return a word as a uniform number in (0, 1)."""
    return (np.float64(word >> _SPARE) + 0.5) * 2.0**-23


@inlined
def logarithm(x: float) -> float:
    """Return log(x) for a positive normal x, without a branch.

    With x = m 2^e and m = 1 + f in [√½, √2), log(1 + f) is a series in f / (2 + f).

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
    """Return √(−2 log u) of a word's uniform number u."""
    return np.sqrt(-2.0 * logarithm(unit(word)))


@inlined
def cosine(x: float) -> float:
    """Return cos(x) to 1e-14 for moderate x, without a branch, so that loops over it vectorize.

    cos(x) = (−1)^k cos(r) with r = x − k π in [−π/2, π/2]. π is subtracted in two parts, and cos(r)
    is its Taylor series to r^18.
    """
    k = np.floor(x * _HALF_TURNS + 0.5)
    r = (x - k * _HIGH) - k * _LOW
    z = r * r
    series = -1 / 6402373705728000
    series = series * z + 1 / 20922789888000
    series = series * z - 1 / 87178291200
    series = series * z + 1 / 479001600
    series = series * z - 1 / 3628800
    series = series * z + 1 / 40320
    series = series * z - 1 / 720
    series = series * z + 1 / 24
    series = series * z - 1 / 2
    value = series * z + 1.0
    odd = k - 2.0 * np.floor(0.5 * k)
    return value - 2.0 * odd * value


@entry
def cosine_waves(
    trial: Trial,
    grid: Doubles,
    samples: int,
    occasion: int,
    first_step: int,
    steps: int,
    draws: Doubles,
    out: Floats,
) -> None:
    """Draw x = cos(f ω + O_x) + O_y for every sample of consecutive steps.

    The grid's points have the distance δ, so that each row of waves w follows from the two before:

        w_i = 2 cos(f δ) w_{i−1} − w_{i−2}.

    The rounding error grows at most with the square of the number of rows: to 1e-12 in 50 rows. A
    float32 is rounded to 6e-8.

    Args:
        trial: Has the key of the random numbers.
        grid: Points ω, shape ``(n,)``, equally spaced.
        samples: Samples per batch.
        occasion: When the signals are drawn.
        first_step: First of the steps.
        steps: Number of steps.
        draws: Scratch space for ``4 · samples + 6`` numbers: four per sample, and up to six more.
        out: Gets the signals ``(step, n, sample)``, flat; may be longer.
    """
    c3, k0, k1 = np.uint64(occasion), np.uint64(trial.key0), np.uint64(trial.key1)
    n = grid.size
    spacing = (grid[n - 1] - grid[0]) / (n - 1) if n > 1 else 0.0
    singles, pairs = (samples + 3) // 4, (2 * samples + 3) // 4
    offsets = 4 * singles
    # Four parts: f, later 2 cos(f δ); O_x, later the row before; O_y; the row.
    before, raised, row = offsets, offsets + samples, offsets + 4 * pairs
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
        for sample in range(samples):
            frequency = draws[sample]
            phase = frequency * grid[0] + draws[before + sample]
            draws[row + sample] = cosine(phase)
            draws[before + sample] = cosine(phase - frequency * spacing)
            draws[sample] = 2 * cosine(frequency * spacing)
        for j in range(n):
            start = (i * n + j) * samples
            for sample in range(samples):
                wave = draws[row + sample]
                out[start + sample] = wave + draws[raised + sample]
                draws[row + sample] = draws[sample] * wave - draws[before + sample]
                draws[before + sample] = wave
