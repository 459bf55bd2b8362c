"""A Numba type for a machine vector of float32, and a fast correlation of short filters.

Numba vectorizes loops, but cannot be told to keep a window of rows in registers. Here a `Vector`
holds ``LANES`` samples of the batch, and the functions below are single machine instructions on
it, or short runs of them on tuples of vectors. No fast-math flag is set on any: what is written
is what is computed, and NaN stays NaN.

**The correlation.** Two rows of z_j = Σ_t g_t d_{j+t} take 2K products. They can be had from fewer
by Winograd's minimal filtering, which writes the form Σ_j Σ_t g_t d_{j+t} z_j as a sum over
*points* p of (G g)_p (D d)_p (Z z)_p, with small constant matrices: 4 points for K = 3 and 7 for
K = 5. One such decomposition gives all three of its derivatives:

- by z, the correlation itself: `correlate`, z = Zᵀ ((G g) ⊙ (D d));
- by d, its transpose, which scatters: `spread`, d = Dᵀ ((G g) ⊙ (Z z));
- by g, the gradient of the filter: Gᵀ ((D d) ⊙ (Z z)).

`lift_window` is D, `lift_rows` is Z, and G is `FILTER`, applied where the filters are prepared.
The kernel size K is carried by the length of the tuple ``taps``, which each kernel is handed, so
that every loop over taps, rows and points is unrolled when the function is compiled.

Source: Winograd 1980, "Arithmetic complexity of computations", Ch. IV; Lavin and Gray 2016.
"""

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 16 if llvm.get_host_cpu_features().get("avx512f") else 8
"""Samples of a batch that one vector holds."""

ROWS = 2
"""Rows that one correlation gives."""

_SIGNAL = {  # D: from a window of K + 1 rows to points
    3: ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, -1, 0, 1)),
    5: (
        (1, 0, -1, 0, 0, 0),
        (0, 1, 1, 0, 0, 0),
        (0, -1, 1, 0, 0, 0),
        (0, -1, 0, 1, 0, 0),
        (0, 0, 0, 1, -1, 0),
        (0, 0, 0, 0, 1, 0),
        (0, 0, 0, 0, -1, 1),
    ),
}
_ROWS = {  # Z: from two rows to points
    3: ((1, 0), (1, 1), (1, -1), (0, 1)),
    5: ((1, 0), (1, 1), (1, -1), (0, 1), (1, 0), (1, 1), (0, 1)),
}
FILTER = {  # G: from K taps to points
    3: ((1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1)),
    5: (
        (1, 0, 0, 0, 0),
        (0.5, 0.5, 0.5, 0, 0),
        (0.5, -0.5, 0.5, 0, 0),
        (0, 0, 1, 0, 0),
        (0, 0, 0, 1, 0),
        (0, 0, 0, 1, 1),
        (0, 0, 0, 0, 1),
    ),
}
_TAPS = {len(lifted): taps for taps, lifted in _SIGNAL.items()}  # points → taps
POINTS = {taps: len(lifted) for taps, lifted in _SIGNAL.items()}
"""Points of a correlation by its kernel size."""


class VectorType(types.Type):  # type: ignore[misc]
    """``LANES`` float32 numbers in one register (or in a few, where registers are shorter)."""

    def __init__(self) -> None:
        super().__init__(name=f"float32x{LANES}")


vector = VectorType()
_LLVM = ir.VectorType(ir.FloatType(), LANES)


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _LLVM)


# What the intrinsics are made of: each emits instructions and returns LLVM values.


def _splat(builder: Any, scalar: Any) -> Any:
    one = builder.insert_element(ir.Constant(_LLVM, ir.Undefined), scalar, ir.IntType(32)(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(_LLVM, ir.Undefined), mask)


def _constant(value: float) -> Any:
    return ir.Constant(_LLVM, [value] * LANES)


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    kind = ir.FunctionType(_LLVM, [_LLVM] * 3)
    name = f"llvm.fmuladd.v{LANES}f32"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [a, b, c])


def _address(builder: Any, base: Any, index: Any) -> Any:
    """Return the address of the ``index``-th float32 from a base address, an integer, on."""
    return builder.gep(builder.inttoptr(base, ir.FloatType().as_pointer()), [index])


def _load(builder: Any, address: Any, offset: int = 0) -> Any:
    place = builder.gep(address, [ir.IntType(64)(offset)])
    return builder.load(builder.bitcast(place, _LLVM.as_pointer()), align=4)


def _places(builder: Any, base: Any, index: Any, stride: Any, count: int) -> Any:
    """Return the addresses of the numbers ``index + i · stride``."""
    first = _address(builder, base, index)
    steps = [builder.mul(stride, ir.IntType(64)(i)) for i in range(count)]
    return [builder.gep(first, [step]) for step in steps]


def _store(builder: Any, value: Any, address: Any, offset: int = 0) -> None:
    place = builder.gep(address, [ir.IntType(64)(offset)])
    builder.store(value, builder.bitcast(place, _LLVM.as_pointer()), align=4)


def _weighted_sum(builder: Any, coefficients: Any, values: Any) -> Any:
    """Sum the values with constant coefficients, of which at least one is positive."""
    pairs = [pair for pair in zip(coefficients, values, strict=True) if pair[0]]
    total = None
    for coefficient, value in sorted(pairs, key=lambda pair: pair[0] < 0):  # the positive first
        if abs(coefficient) != 1:
            value = builder.fmul(value, _constant(abs(coefficient)))
        if total is None:
            total = value
        else:
            total = (builder.fadd if coefficient > 0 else builder.fsub)(total, value)
    return total


def _tuple(context: Any, builder: Any, values: Any) -> Any:
    return context.make_tuple(builder, types.UniTuple(vector, len(values)), values)


def _parts(builder: Any, value: Any, count: int) -> Any:
    return [builder.extract_value(value, i) for i in range(count)]


# Arithmetic, with the usual signs.


def _operator(sign: Any, instruction: str) -> None:
    @infer_global(sign)
    class Typing(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            return signature(vector, *args) if args == (vector, vector) else None

    @lower_builtin(sign, vector, vector)
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*args)


def _operators() -> None:
    import operator

    for add, instruction in (
        (operator.add, "fadd"),
        (operator.iadd, "fadd"),
        (operator.sub, "fsub"),
        (operator.mul, "fmul"),
        (operator.truediv, "fdiv"),
    ):
        _operator(add, instruction)


_operators()


@intrinsic
def splat(typingctx: Any, scalar: Any) -> Any:
    """Return a vector with ``scalar``, a float32, in every lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _splat(builder, args[0])

    return vector(types.float32), codegen


@intrinsic
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a · b + c."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _fma(builder, *args)

    return vector(vector, vector, vector), codegen


@intrinsic
def lane_sum(typingctx: Any, a: Any) -> Any:
    """Return the sum over a vector's lanes, by halves, as a float32."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        total = args[0]
        width = LANES
        while width > 1:
            width //= 2
            undefined = ir.Constant(total.type, ir.Undefined)
            index = ir.VectorType(ir.IntType(32), width)
            low = builder.shuffle_vector(total, undefined, ir.Constant(index, list(range(width))))
            high = builder.shuffle_vector(
                total, undefined, ir.Constant(index, list(range(width, 2 * width)))
            )
            total = builder.fadd(low, high)
        return builder.extract_element(total, ir.IntType(32)(0))

    return types.float32(vector), codegen


@intrinsic
def root(typingctx: Any, a: Any) -> Any:
    """Return √a."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(_LLVM, [_LLVM])
        name = f"llvm.sqrt.v{LANES}f32"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)

    return vector(vector), codegen


# Memory: a base address and an index in float32s, of which an address knows no bounds.


@intrinsic
def number(typingctx: Any, base: Any, index: Any) -> Any:
    """Return the number at ``index``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_address(builder, *args))

    return types.float32(types.intp, types.intp), codegen


@intrinsic
def put(typingctx: Any, base: Any, index: Any, value: Any) -> Any:
    """Write a float32 to ``index``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _address(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.float32), codegen


@intrinsic
def load(typingctx: Any, base: Any, index: Any) -> Any:
    """Return the vector at ``index``, a number of float32s from the address ``base`` on."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _load(builder, _address(builder, *args))

    return vector(types.intp, types.intp), codegen


@intrinsic
def store(typingctx: Any, base: Any, index: Any, value: Any) -> Any:
    """Write a vector to ``index``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        _store(builder, args[2], _address(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, vector), codegen


# Tuples of vectors: the window of a correlation (K + 1 rows), its points, its two rows.


@intrinsic
def load_window(typingctx: Any, base: Any, index: Any, taps: Any) -> Any:
    """Return K + 1 consecutive rows, the first at ``index``."""
    count = len(taps) + ROWS - 1

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = _address(builder, *args[:2])
        rows = [_load(builder, address, i * LANES) for i in range(count)]
        return _tuple(context, builder, rows)

    return types.UniTuple(vector, count)(types.intp, types.intp, taps), codegen


@intrinsic
def load_around(typingctx: Any, base: Any, index: Any, taps: Any) -> Any:
    """Return the 2K − 1 rows around that at ``index``, the last of them first."""
    reach = len(taps) - 1

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = _address(builder, *args[:2])
        rows = [_load(builder, address, i * LANES) for i in range(reach, -reach - 1, -1)]
        return _tuple(context, builder, rows)

    return types.UniTuple(vector, 2 * reach + 1)(types.intp, types.intp, taps), codegen


@intrinsic
def load_points(typingctx: Any, base: Any, index: Any, taps: Any) -> Any:
    """Return the vectors of all points, stored side by side from ``index`` on."""
    count = len(_SIGNAL[len(taps)])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = _address(builder, *args[:2])
        points = [_load(builder, address, i * LANES) for i in range(count)]
        return _tuple(context, builder, points)

    return types.UniTuple(vector, count)(types.intp, types.intp, taps), codegen


@intrinsic
def splat_each(typingctx: Any, base: Any, index: Any, like: Any) -> Any:
    """Return vectors, all lanes of each the number at ``index + i``, as many as in ``like``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _address(builder, *args[:2])
        places = [builder.gep(data, [ir.IntType(64)(i)]) for i in range(len(like))]
        return _tuple(context, builder, [_splat(builder, builder.load(p)) for p in places])

    return types.UniTuple(vector, len(like))(types.intp, types.intp, like), codegen


@intrinsic
def splat_points(typingctx: Any, base: Any, index: Any, stride: Any, taps: Any) -> Any:
    """Return a lifted filter: for each point, all lanes the number ``index + point · stride``."""
    count = len(_SIGNAL[len(taps)])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        places = _places(builder, args[0], args[1], args[2], count)
        scalars = [_splat(builder, builder.load(place)) for place in places]
        return _tuple(context, builder, scalars)

    return types.UniTuple(vector, count)(types.intp, types.intp, types.intp, taps), codegen


@intrinsic
def load_strided(typingctx: Any, base: Any, index: Any, stride: Any, like: Any) -> Any:
    """Return the vectors at ``index + i · stride``, as many as in ``like``."""
    count = len(like)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        places = _places(builder, args[0], args[1], args[2], count)
        return _tuple(context, builder, [_load(builder, place) for place in places])

    return types.UniTuple(vector, count)(types.intp, types.intp, types.intp, like), codegen


@intrinsic
def store_strided(typingctx: Any, base: Any, index: Any, stride: Any, vectors: Any) -> Any:
    """Write vectors to ``index + i · stride``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        places = _places(builder, args[0], args[1], args[2], len(vectors))
        for place, value in zip(places, _parts(builder, args[3], len(vectors)), strict=True):
            _store(builder, value, place)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp, vectors), codegen


@intrinsic
def lane_sums(typingctx: Any, base: Any, index: Any, stride: Any) -> Any:
    """Return the lane sums of ``LANES`` vectors at ``index + i · stride``, as one vector.

    Halves of two vectors' groups of lanes are added and laid side by side, until a group is one
    lane: a third of the work of that many `lane_sum`.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        places = _places(builder, args[0], args[1], args[2], LANES)
        vectors = [_load(builder, place) for place in places]
        index = ir.VectorType(ir.IntType(32), LANES)
        group = LANES
        while group > 1:
            group //= 2
            low = [lane for lane in range(2 * LANES) if lane // group % 2 == 0]
            masks = [ir.Constant(index, [lane + half for lane in low]) for half in (0, group)]
            vectors = [
                builder.fadd(*(builder.shuffle_vector(a, b, mask) for mask in masks))
                for a, b in zip(vectors[0::2], vectors[1::2], strict=True)
            ]
        return vectors[0]

    return vector(types.intp, types.intp, types.intp), codegen


@intrinsic
def store_points(typingctx: Any, base: Any, index: Any, points: Any) -> Any:
    """Write the vectors of all points side by side from ``index`` on."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = _address(builder, *args[:2])
        for i, value in enumerate(_parts(builder, args[2], len(points))):
            _store(builder, value, address, i * LANES)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, points), codegen


@intrinsic
def fma_each(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Return aᵢ · bᵢ + cᵢ for tuples of vectors."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        columns = zip(*(_parts(builder, arg, len(c)) for arg in args), strict=True)
        return _tuple(context, builder, [_fma(builder, *column) for column in columns])

    return c(a, b, c), codegen


@intrinsic
def fma_all(typingctx: Any, factor: Any, b: Any, c: Any) -> Any:
    """Return factor · bᵢ + cᵢ for a vector and tuples of them."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pairs = zip(*(_parts(builder, arg, len(c)) for arg in args[1:]), strict=True)
        return _tuple(context, builder, [_fma(builder, args[0], *pair) for pair in pairs])

    return c(vector, b, c), codegen


@intrinsic
def dot(typingctx: Any, a: Any, b: Any, start: Any) -> Any:
    """Return Σ aᵢ · bᵢ + start for tuples of vectors."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        total = args[2]
        for pair in zip(*(_parts(builder, arg, len(a)) for arg in args[:2]), strict=True):
            total = _fma(builder, pair[0], pair[1], total)
        return total

    return vector(a, b, vector), codegen


@intrinsic
def matrix_times(typingctx: Any, base: Any, index: Any, vectors: Any) -> Any:
    """Return Σ_s M_ts v_s for a square matrix of the numbers from ``index`` on."""
    count = len(vectors)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = _address(builder, *args[:2])
        parts = _parts(builder, args[2], count)

        def entry(t: int, s: int) -> Any:
            place = builder.gep(data, [ir.IntType(64)(t * count + s)])
            return _splat(builder, builder.load(place))

        totals = []
        for t in range(count):
            total = builder.fmul(entry(t, 0), parts[0])
            for s in range(1, count):
                total = _fma(builder, entry(t, s), parts[s], total)
            totals.append(total)
        return _tuple(context, builder, totals)

    return vectors(types.intp, types.intp, vectors), codegen


@intrinsic
def lift_window(typingctx: Any, window: Any) -> Any:
    """Return D d: the points of a window of K + 1 rows."""
    matrix = _SIGNAL[len(window) - ROWS + 1]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        rows = _parts(builder, args[0], len(window))
        return _tuple(context, builder, [_weighted_sum(builder, line, rows) for line in matrix])

    return types.UniTuple(vector, len(matrix))(window), codegen


@intrinsic
def lift_filter(typingctx: Any, taps: Any) -> Any:
    """Return G g: the points of a filter of K taps."""
    matrix = FILTER[len(taps)]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        parts = _parts(builder, args[0], len(taps))
        return _tuple(context, builder, [_weighted_sum(builder, line, parts) for line in matrix])

    return types.UniTuple(vector, len(matrix))(taps), codegen


@intrinsic
def filter_gradient(typingctx: Any, points: Any) -> Any:
    """Return Gᵀ p: the gradient of a filter's K taps from that of its points."""
    matrix = FILTER[_TAPS[len(points)]]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        parts = _parts(builder, args[0], len(points))
        columns = zip(*matrix, strict=True)
        return _tuple(context, builder, [_weighted_sum(builder, c, parts) for c in columns])

    return types.UniTuple(vector, _TAPS[len(points)])(points), codegen


@intrinsic
def lift_rows(typingctx: Any, rows: Any, taps: Any) -> Any:
    """Return Z z: the points of two rows."""
    matrix = _ROWS[len(taps)]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        parts = _parts(builder, args[0], ROWS)
        return _tuple(context, builder, [_weighted_sum(builder, line, parts) for line in matrix])

    return types.UniTuple(vector, len(matrix))(rows, taps), codegen


@intrinsic
def spread(typingctx: Any, points: Any) -> Any:
    """Return Dᵀ p: what the points add to each of the K + 1 rows of their window."""
    matrix = _SIGNAL[_TAPS[len(points)]]
    width = len(matrix[0])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        parts = _parts(builder, args[0], len(points))
        columns = zip(*matrix, strict=True)
        return _tuple(context, builder, [_weighted_sum(builder, c, parts) for c in columns])

    return types.UniTuple(vector, width)(points), codegen


@intrinsic
def correlate(typingctx: Any, signal: Any, taps: Any, start: Any) -> Any:
    """Return Zᵀ (signal ⊙ filter) + start: two rows of a correlation, from points.

    Points that the same rows take with the same signs are summed first, so that all but two
    additions are part of a multiply-add.

    Args:
        signal: A lifted window, one vector a point.
        taps: A lifted filter, one vector a point.
        start: A vector added to both rows.
    """
    count = len(signal)
    matrix = _ROWS[_TAPS[count]]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        products = list(zip(*(_parts(builder, arg, count) for arg in args[:2]), strict=True))

        def chain(signs: tuple[int, int], total: Any) -> Any:
            for line, (a, b) in zip(matrix, products, strict=True):
                if line == signs:
                    total = builder.fmul(a, b) if total is None else _fma(builder, a, b, total)
            return total

        same, opposite = chain((1, 1), args[2]), chain((1, -1), None)
        rows = [
            chain((1, 0), builder.fadd(same, opposite)),
            chain((0, 1), builder.fsub(same, opposite)),
        ]
        return _tuple(context, builder, rows)

    return types.UniTuple(vector, ROWS)(signal, taps, start), codegen


@intrinsic
def positive_part(typingctx: Any, a: Any) -> Any:
    """Return max(a, 0), and NaN for NaN."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zero = _constant(0.0)
        return builder.select(builder.fcmp_ordered("<", args[0], zero), zero, args[0])

    return vector(vector), codegen


@intrinsic
def where_positive(typingctx: Any, condition: Any, value: Any) -> Any:
    """Return ``value`` in the lanes where ``condition`` is positive, else 0."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zero = _constant(0.0)
        return builder.select(builder.fcmp_ordered(">", args[0], zero), args[1], zero)

    return vector(vector, vector), codegen


@intrinsic
def opaque(typingctx: Any, value: Any) -> Any:
    """Return an index as it is, by a way that the compiler does not see through.

    A loop that counts with it is not unrolled: two runs of a body at once need more registers
    than there are.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index = args[0].type
        nothing = ir.InlineAsm(ir.FunctionType(index, [index]), "", "=r,0", side_effect=False)
        return builder.call(nothing, args)

    return types.intp(types.intp), codegen


@intrinsic
def scale_each(typingctx: Any, factor: Any, points: Any) -> Any:
    """Return the tuple's vectors, each times the vector ``factor``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        parts = _parts(builder, args[1], len(points))
        return _tuple(context, builder, [builder.fmul(args[0], part) for part in parts])

    return points(vector, points), codegen


@intrinsic
def push(typingctx: Any, value: Any, recent: Any) -> Any:
    """Return a tuple with ``value`` before the others, and without the last of them."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        others = _parts(builder, args[1], len(recent) - 1)
        return _tuple(context, builder, [args[0], *others])

    return recent(value, recent), codegen


@intrinsic
def repeat(typingctx: Any, value: Any, like: Any) -> Any:
    """Return a tuple of one vector, as often as ``like`` is long."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _tuple(context, builder, [args[0]] * len(like))

    return types.UniTuple(vector, len(like))(value, like), codegen


@intrinsic
def overlap(typingctx: Any, before: Any, pieces: Any) -> Any:
    """Return the rows of a window, the first of them plus those left over from the one before."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        left, rows = _parts(builder, args[0], len(before)), _parts(builder, args[1], len(pieces))
        sums = [builder.fadd(a, b) for a, b in zip(left, rows, strict=False)]
        return _tuple(context, builder, sums + rows[len(left) :])

    return pieces(before, pieces), codegen
