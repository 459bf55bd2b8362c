"""Philox and normals in Numba: the numbers of `worker.engine.philox`, in loops that vectorize.

The integers are the same to the bit. Normals are computed in float32 by polynomials, from the same
23-bit uniforms, which are exact in float32. They differ from those of `worker.engine.philox` by
less than 1e-6.

Source of the polynomials: the Cephes library (Moshier), single precision.
"""

import numpy as np

from worker.engine.philox import MULTIPLIERS, ROUNDS, WEYL
from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.simd import number, put

_M0, _M1 = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
_W0, _W1 = np.uint64(WEYL[0]), np.uint64(WEYL[1])
_MASK, _WORD = np.uint64(0xFFFFFFFF), np.uint64(32)
_SPARE = np.uint64(9)  # low bits that are dropped: the top 23 bits make the uniform

_F = np.float32
_ROOT_HALF, _EXPONENT = np.int32(0x3F3504F3), np.int32(23)  # bits of √½; width of the mantissa
_SIGN = np.int32(31)  # place of the sign in a float32


@inlined
def philox_words(
    block: np.uint64,
    step: np.uint64,
    what: np.uint64,
    occasion: np.uint64,
    key0: np.uint64,
    key1: np.uint64,
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Return the four words of one counter.

    Args:
        block: First word of the counter. All arguments are below 2^32.
        step: Second word.
        what: Third word: quantity + 16 · index.
        occasion: Fourth word.
        key0: Low word of the seed.
        key1: High word of the seed.
    """
    c0, c1, c2, c3, k0, k1 = block, step, what, occasion, key0, key1
    for _ in range(ROUNDS):
        p0, p1 = (c0 & _MASK) * _M0, (c2 & _MASK) * _M1
        c0, c1, c2, c3 = (p1 >> _WORD) ^ c1 ^ k0, p1 & _MASK, (p0 >> _WORD) ^ c3 ^ k1, p0 & _MASK
        k0, k1 = (k0 + _W0) & _MASK, (k1 + _W1) & _MASK
    return c0, c1, c2, c3


@inlined
def radius(word: np.uint64) -> np.float32:
    """Return √(−2 log u) of a word's uniform u.

    With u = m 2^e with m in [√½, √2), the exponent is 0 near u = 1, and log(1 + f) with the exact
    f = m − 1 has a small relative error.
    """
    unit = np.float32((_F(np.int32(word >> _SPARE)) + _F(0.5)) * _F(2.0**-23))
    bits = unit.view(np.int32)
    exponent = np.int32(np.int32(bits - _ROOT_HALF) >> _EXPONENT)
    f = np.int32(bits - np.int32(exponent << _EXPONENT)).view(np.float32) - _F(1)
    tail = _F(7.0376836292e-2)
    tail = tail * f - _F(1.1514610310e-1)
    tail = tail * f + _F(1.1676998740e-1)
    tail = tail * f - _F(1.2420140846e-1)
    tail = tail * f + _F(1.4249322787e-1)
    tail = tail * f - _F(1.6668057665e-1)
    tail = tail * f + _F(2.0000714765e-1)
    tail = tail * f - _F(2.4999993993e-1)
    tail = tail * f + _F(3.3333331174e-1)
    log = f + f * f * (f * tail - _F(0.5)) + _F(exponent) * _F(np.log(2.0))
    return np.sqrt(_F(-2) * log)


@inlined
def cosine_and_sine(word: np.uint64) -> tuple[np.float32, np.float32]:
    """Return cos(2πu) and sin(2πu) of a word's uniform u.

    The angle is reduced to [−π/4, π/4] on the 23-bit integer, without any rounding.
    """
    whole = _F(np.int32(word >> _SPARE))
    quarter = np.floor(whole * _F(2.0**-21) + _F(0.5))
    rest = (whole - quarter * _F(2.0**21)) + _F(0.5)
    a = rest * _F(2.0**-21 * np.pi / 2)
    z = a * a
    sine = ((_F(-1.9515295891e-4) * z + _F(8.3321608736e-3)) * z - _F(1.6666654611e-1)) * z * a + a
    cosine = (_F(2.443315711809948e-5) * z - _F(1.388731625493765e-3)) * z
    cosine = (cosine + _F(4.166664568298827e-2)) * z * z - _F(0.5) * z + _F(1)
    turn = np.int32(quarter)
    odd = np.int32(turn & np.int32(1)) != np.int32(0)
    along = np.float32(sine if odd else cosine)
    across = np.float32(cosine if odd else sine)
    # cos is negative in quarters 1 and 2, sin in 2 and 3.
    flip_along = np.int32(np.int32(np.int32(turn + np.int32(1)) >> np.int32(1)) << _SIGN)
    flip_across = np.int32(np.int32(turn >> np.int32(1)) << _SIGN)
    along = np.int32(along.view(np.int32) ^ flip_along).view(np.float32)
    across = np.int32(across.view(np.int32) ^ flip_across).view(np.float32)
    return along, across


@inlined
def put_word(base: int, index: int, word: np.uint64) -> None:
    """Write a word's bits to the place of a float32."""
    put(base, index, np.uint32(word).view(np.float32))


@inlined
def word_at(base: int, index: int) -> np.uint64:
    """Return the word that `put_word` wrote."""
    return np.uint64(np.float32(number(base, index)).view(np.uint32))


@kernel
def draw_normals(
    out: int, count: int, step: int, what: int, occasion: int, key0: int, key1: int
) -> None:
    """Write `KeyedGenerator.normal`'s numbers to memory.

    The first loop writes the words, the second replaces them by the normals. Each loop is so short
    that the processor works on several rounds at the same time.

    Args:
        out: Address of at least ``4 · blocks(count)`` numbers: up to three more than ``count`` are
            written.
        count: How many numbers are needed.
        step: Second word of the counter.
        what: Third word: quantity + 16 · index.
        occasion: Fourth word.
        key0: Low word of the seed.
        key1: High word of the seed.
    """
    length = (count + 3) // 4
    c1, c2, c3 = np.uint64(step), np.uint64(what), np.uint64(occasion)
    k0, k1 = np.uint64(key0), np.uint64(key1)
    for block in range(length):
        w0, w1, w2, w3 = philox_words(np.uint64(block), c1, c2, c3, k0, k1)
        put_word(out, block, w0)
        put_word(out, length + block, w1)
        put_word(out, 2 * length + block, w2)
        put_word(out, 3 * length + block, w3)
    for place in (0, 2 * length):
        for i in range(place, place + length):
            distance = radius(word_at(out, i))
            cosine, sine = cosine_and_sine(word_at(out, length + i))
            put(out, i, distance * cosine)
            put(out, length + i, distance * sine)
