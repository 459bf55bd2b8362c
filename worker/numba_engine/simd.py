"""Functions on machine vectors in kernels: loads, stores and arithmetic.

A vector holds ``LANES`` samples of the batch. A function here is one machine instruction on it, or
a short sequence of them on tuples of vectors. Memory is read and written through an integer
address, ``base``, and an index in float32s. An address has no bounds, so nothing checks the index.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from worker.numba_engine.vector_type import (
    LANES,
    constant_vector,
    emit_address,
    emit_addresses,
    emit_call,
    emit_fma,
    emit_load,
    emit_load_number,
    emit_splat,
    emit_store,
    make_tuple,
    parts_of,
    vector,
)

# Arithmetic on vectors; + − · / are operators, defined with the type.


@intrinsic
def splat(typingctx: Any, scalar: Any) -> Any:
    """Return a vector with ``scalar``, a float32, in every lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit_splat(builder, args[0])

    return vector(types.float32), codegen


@intrinsic
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a · b + c."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit_fma(builder, *args)

    return vector(vector, vector, vector), codegen


@intrinsic
def root(typingctx: Any, a: Any) -> Any:
    """Return √a."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit_call(builder, "sqrt", args)

    return vector(vector), codegen


@intrinsic
def positive_part(typingctx: Any, a: Any) -> Any:
    """Return max(a, 0), and NaN for NaN."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zero = constant_vector(0.0)
        return builder.select(builder.fcmp_ordered("<", args[0], zero), zero, args[0])

    return vector(vector), codegen


@intrinsic
def where_positive(typingctx: Any, condition: Any, value: Any) -> Any:
    """Return ``value`` in the lanes where ``condition`` is positive, else 0."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zero = constant_vector(0.0)
        return builder.select(builder.fcmp_ordered(">", args[0], zero), args[1], zero)

    return vector(vector, vector), codegen


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
def opaque(typingctx: Any, value: Any) -> Any:
    """Return an index unchanged, but hide from the compiler where it comes from.

    The compiler does not unroll a loop that counts with it. Unrolled twice, the loop would need
    more registers than the processor has.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index = args[0].type
        nothing = ir.InlineAsm(ir.FunctionType(index, [index]), "", "=r,0", side_effect=False)
        return builder.call(nothing, args)

    return types.intp(types.intp), codegen


# Memory: numbers and single vectors.


@intrinsic
def number(typingctx: Any, base: Any, index: Any) -> Any:
    """Return the float32 at ``index``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(emit_address(builder, *args))

    return types.float32(types.intp, types.intp), codegen


@intrinsic
def put(typingctx: Any, base: Any, index: Any, value: Any) -> Any:
    """Write the float32 ``value`` to ``index``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], emit_address(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.float32), codegen


@intrinsic
def load(typingctx: Any, base: Any, index: Any) -> Any:
    """Return the vector whose first lane is at ``index``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit_load(builder, emit_address(builder, *args))

    return vector(types.intp, types.intp), codegen


@intrinsic
def store(typingctx: Any, base: Any, index: Any, value: Any) -> Any:
    """Write the vector ``value`` to ``index`` and the following places."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        emit_store(builder, args[2], emit_address(builder, *args[:2]))
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, vector), codegen


# Memory: tuples of vectors.


@intrinsic
def load_around(typingctx: Any, base: Any, index: Any, taps: Any) -> Any:
    """Return the 2K − 1 rows around the row at ``index``, the last of them first."""
    reach = len(taps) - 1

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = emit_address(builder, *args[:2])
        rows = [emit_load(builder, address, i * LANES) for i in range(reach, -reach - 1, -1)]
        return make_tuple(context, builder, rows)

    return types.UniTuple(vector, 2 * reach + 1)(types.intp, types.intp, taps), codegen


@intrinsic
def load_strided(typingctx: Any, base: Any, index: Any, stride: Any, like: Any) -> Any:
    """Return the vectors at ``index + i · stride``, as many as the tuple ``like`` has entries."""
    count = len(like)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        addresses = emit_addresses(builder, args[0], args[1], args[2], count)
        return make_tuple(context, builder, [emit_load(builder, place) for place in addresses])

    return types.UniTuple(vector, count)(types.intp, types.intp, types.intp, like), codegen


@intrinsic
def store_strided(typingctx: Any, base: Any, index: Any, stride: Any, vectors: Any) -> Any:
    """Write the tuple ``vectors`` to ``index + i · stride``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        addresses = emit_addresses(builder, args[0], args[1], args[2], len(vectors))
        for place, value in zip(addresses, parts_of(builder, args[3], len(vectors)), strict=True):
            emit_store(builder, value, place)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp, vectors), codegen


@intrinsic
def splat_each(typingctx: Any, base: Any, index: Any, like: Any) -> Any:
    """Return vectors with the number at ``index + i`` in all lanes, as many as ``like`` has."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = emit_address(builder, *args[:2])
        numbers = [emit_load_number(builder, address, i) for i in range(len(like))]
        return make_tuple(context, builder, [emit_splat(builder, value) for value in numbers])

    return types.UniTuple(vector, len(like))(types.intp, types.intp, like), codegen


@intrinsic
def lane_sums(typingctx: Any, base: Any, index: Any, stride: Any) -> Any:
    """Return the lane sums of the ``LANES`` vectors at ``index + i · stride``, as one vector.

    Two vectors are added half by half, and the sums put together as one vector, until one vector is
    left. This takes a third of the work of ``LANES`` calls of `lane_sum`.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        addresses = emit_addresses(builder, args[0], args[1], args[2], LANES)
        vectors = [emit_load(builder, place) for place in addresses]
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
def matrix_times(typingctx: Any, base: Any, index: Any, vectors: Any) -> Any:
    """Return Σ_s M_ts v_s for vectors v and a square matrix M of the numbers from ``index`` on."""
    count = len(vectors)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = emit_address(builder, *args[:2])
        parts = parts_of(builder, args[2], count)

        def entry(t: int, s: int) -> Any:
            return emit_splat(builder, emit_load_number(builder, address, t * count + s))

        totals = []
        for t in range(count):
            total = builder.fmul(entry(t, 0), parts[0])
            for s in range(1, count):
                total = emit_fma(builder, entry(t, s), parts[s], total)
            totals.append(total)
        return make_tuple(context, builder, totals)

    return vectors(types.intp, types.intp, vectors), codegen


# Arithmetic on tuples of vectors.


@intrinsic
def fma_each(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Return aᵢ · bᵢ + cᵢ for tuples of vectors."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        columns = zip(*(parts_of(builder, arg, len(c)) for arg in args), strict=True)
        return make_tuple(context, builder, [emit_fma(builder, *column) for column in columns])

    return c(a, b, c), codegen


@intrinsic
def fma_all(typingctx: Any, factor: Any, b: Any, c: Any) -> Any:
    """Return factor · bᵢ + cᵢ for the vector ``factor`` and tuples of vectors."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pairs = zip(*(parts_of(builder, arg, len(c)) for arg in args[1:]), strict=True)
        return make_tuple(context, builder, [emit_fma(builder, args[0], *pair) for pair in pairs])

    return c(vector, b, c), codegen


@intrinsic
def scale_each(typingctx: Any, factor: Any, vectors: Any) -> Any:
    """Return factor · vᵢ for the vector ``factor`` and a tuple of vectors v."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        parts = parts_of(builder, args[1], len(vectors))
        return make_tuple(context, builder, [builder.fmul(args[0], part) for part in parts])

    return vectors(vector, vectors), codegen


@intrinsic
def dot(typingctx: Any, a: Any, b: Any, start: Any) -> Any:
    """Return Σ aᵢ · bᵢ + start for tuples of vectors and the vector ``start``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        total = args[2]
        for pair in zip(*(parts_of(builder, arg, len(a)) for arg in args[:2]), strict=True):
            total = emit_fma(builder, pair[0], pair[1], total)
        return total

    return vector(a, b, vector), codegen


@intrinsic
def push(typingctx: Any, value: Any, recent: Any) -> Any:
    """Return the tuple ``recent`` with the vector ``value`` put first and the last one dropped."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        others = parts_of(builder, args[1], len(recent) - 1)
        return make_tuple(context, builder, [args[0], *others])

    return recent(value, recent), codegen


@intrinsic
def repeat(typingctx: Any, value: Any, like: Any) -> Any:
    """Return a tuple with the vector ``value`` in each place, as long as the tuple ``like``."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return make_tuple(context, builder, [args[0]] * len(like))

    return types.UniTuple(vector, len(like))(value, like), codegen
