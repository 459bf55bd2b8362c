"""Winograd's minimal filtering: correlations of short filters with fewer multiplications.

A correlation z_j = Σ_t g_t d_{j+t} takes 2K products for two rows. Winograd's minimal filtering
F(2, K) takes fewer. It cuts the signal into *tiles* of K + 1 rows, which overlap: each gives two
rows of the output,

    z = Aᵀ [(G g) ⊙ (Bᵀ d)],

with the *input transform* Bᵀ of a tile d, the *filter transform* G of a filter g, and the *output
transform* Aᵀ. (A is Winograd's matrix here, not the matrix of the inverse problem.) A transformed
tile has 4 elements for K = 3, and 7 for K = 5, where the filter is split into one of three taps and
one of two.

The three matrices give all three derivatives of the trilinear form
Σ_j Σ_t g_t d_{j+t} z_j = Σ_p (G g)_p (Bᵀ d)_p (A z)_p, where p counts the elements of a tile:

- by z, the correlation itself: `correlate`, z = Aᵀ [(G g) ⊙ (Bᵀ d)];
- by d, its transpose: `transposed_input_transform`, d = B [(G g) ⊙ (A z)];
- by g, the gradient of the filter: `transposed_filter_transform`, g = Gᵀ [(Bᵀ d) ⊙ (A z)].

The kernel size K is the length of the tuple ``taps``, so that all loops over taps, rows and
elements are unrolled when a kernel is compiled.

A dilated convolution has no tiles that overlap. It is filtered *directly*: a tile has the K samples
that the taps read for each of its two rows, which `worker.numba_engine.interpolation` computes, and
the transforms only repeat or sum. The type of ``taps``, `memory.DirectTaps`, tells a kernel to do
so when it is compiled.

Source: Winograd 1980, "Arithmetic complexity of computations", Ch. IV; Lavin and Gray 2016, "Fast
algorithms for convolutional neural networks", Sec. 4.
"""

from collections.abc import Sequence
from typing import Any

from numba import types
from numba.extending import intrinsic

from worker.numba_engine.vector_type import (
    LANES,
    Builder,
    Value,
    constant_vector,
    emit_address,
    emit_addresses,
    emit_fma,
    emit_load,
    emit_splat,
    emit_store,
    make_tuple,
    parts_of,
    vector,
)

OUTPUT_ROWS = 2
"""Rows of the output that one tile gives."""

INPUT_TRANSFORM = {  # Bᵀ, from a tile's K + 1 rows to its elements
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
TILE_ELEMENTS = {3: 4, 5: 7}
"""Number of elements of a transformed tile, by kernel size."""
_TAPS = {elements: taps for taps, elements in TILE_ELEMENTS.items()}
DIRECT_ELEMENTS = {taps: OUTPUT_ROWS * taps for taps in TILE_ELEMENTS}
"""Number of elements of a tile that is filtered directly, by kernel size."""

FILTER_TRANSFORM = {  # G, from K taps to elements, by the number of elements
    4: ((1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1)),
    7: (
        (1, 0, 0, 0, 0),
        (0.5, 0.5, 0.5, 0, 0),
        (0.5, -0.5, 0.5, 0, 0),
        (0, 0, 1, 0, 0),
        (0, 0, 0, 1, 0),
        (0, 0, 0, 1, 1),
        (0, 0, 0, 0, 1),
    ),
    **{
        elements: tuple(
            tuple(int(t == element % taps) for t in range(taps)) for element in range(elements)
        )
        for taps, elements in DIRECT_ELEMENTS.items()
    },
}
TRANSPOSED_OUTPUT_TRANSFORM = {  # A, from two rows of the output to elements, by their number
    4: ((1, 0), (1, 1), (1, -1), (0, 1)),
    7: ((1, 0), (1, 1), (1, -1), (0, 1), (1, 0), (1, 1), (0, 1)),
    **{elements: ((1, 0),) * taps + ((0, 1),) * taps for taps, elements in DIRECT_ELEMENTS.items()},
}


def _is_direct(taps: Any) -> bool:
    """Return whether the type of a tuple of taps is that of `memory.DirectTaps`."""
    return bool(taps.dtype == types.int32)


def _elements(taps: Any) -> int:
    """Return the number of elements of a tile for the type of a tuple of taps."""
    return (DIRECT_ELEMENTS if _is_direct(taps) else TILE_ELEMENTS)[len(taps)]


@intrinsic
def tile_elements(typingctx: Any, taps: Any) -> Any:
    """Return the number of elements of a transformed tile, a constant."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return context.get_constant(types.intp, _elements(taps))

    return types.intp(taps), codegen


# Memory: tiles and transformed tiles.


@intrinsic
def load_tile(typingctx: Any, base: Any, index: Any, taps: Any) -> Any:
    """Return the K + 1 rows of a tile, the first at ``index``."""
    count = len(taps) + OUTPUT_ROWS - 1

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _load_consecutive(context, builder, args, count)

    return types.UniTuple(vector, count)(types.intp, types.intp, taps), codegen


@intrinsic
def load_transformed(typingctx: Any, base: Any, index: Any, taps: Any) -> Any:
    """Return the elements of a transformed tile, stored one after another from ``index`` on."""
    count = _elements(taps)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _load_consecutive(context, builder, args, count)

    return types.UniTuple(vector, count)(types.intp, types.intp, taps), codegen


@intrinsic
def store_transformed(typingctx: Any, base: Any, index: Any, elements: Any) -> Any:
    """Write the elements of a transformed tile one after another from ``index`` on."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        address = emit_address(builder, *args[:2])
        for i, value in enumerate(parts_of(builder, args[2], len(elements))):
            emit_store(builder, value, address, i * LANES)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, elements), codegen


@intrinsic
def splat_transformed_filter(typingctx: Any, base: Any, index: Any, stride: Any, taps: Any) -> Any:
    """Return the elements of a transformed filter, each in all lanes of a vector.

    Element p is the number at ``index + p · stride``. Filtered directly, both rows have the same
    filter, which is loaded once.
    """
    count = _elements(taps)
    loaded = len(taps) if _is_direct(taps) else count

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        addresses = emit_addresses(builder, args[0], args[1], args[2], loaded)
        elements = [emit_splat(builder, builder.load(place)) for place in addresses]
        return make_tuple(context, builder, elements * (count // loaded))

    return types.UniTuple(vector, count)(types.intp, types.intp, types.intp, taps), codegen


# The transforms. Each takes and returns a tuple of vectors.


@intrinsic
def input_transform(typingctx: Any, tile: Any) -> Any:
    """Return Bᵀ d: the elements of a tile d of K + 1 rows."""
    matrix = INPUT_TRANSFORM[len(tile) - OUTPUT_ROWS + 1]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _multiply(context, builder, matrix, args[0])

    return types.UniTuple(vector, len(matrix))(tile), codegen


@intrinsic
def transposed_input_transform(typingctx: Any, elements: Any) -> Any:
    """Return B e: what the elements e add to each of the K + 1 rows of their tile."""
    matrix = _transposed(INPUT_TRANSFORM[_TAPS[len(elements)]])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _multiply(context, builder, matrix, args[0])

    return types.UniTuple(vector, len(matrix))(elements), codegen


@intrinsic
def filter_transform(typingctx: Any, values: Any, taps: Any) -> Any:
    """Return G g: the elements of a filter g, whose values by tap are vectors."""
    matrix = FILTER_TRANSFORM[_elements(taps)]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _multiply(context, builder, matrix, args[0])

    return types.UniTuple(vector, len(matrix))(values, taps), codegen


@intrinsic
def transposed_filter_transform(typingctx: Any, elements: Any) -> Any:
    """Return Gᵀ e: the gradient by a filter's K taps, given that by its elements, e."""
    matrix = _transposed(FILTER_TRANSFORM[len(elements)])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _multiply(context, builder, matrix, args[0])

    return types.UniTuple(vector, len(matrix))(elements), codegen


@intrinsic
def transposed_output_transform(typingctx: Any, rows: Any, taps: Any) -> Any:
    """Return A z: the elements of two rows z of the output."""
    matrix = TRANSPOSED_OUTPUT_TRANSFORM[_elements(taps)]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _multiply(context, builder, matrix, args[0])

    return types.UniTuple(vector, len(matrix))(rows, taps), codegen


@intrinsic
def correlate(typingctx: Any, tile: Any, taps: Any, start: Any) -> Any:
    """Return Aᵀ (tile ⊙ taps) + start: two rows of the output, from elements.

    Products that both rows take with the same signs are summed first, so that all additions except
    two are part of a multiply-add.

    Args:
        tile: A transformed tile.
        taps: A transformed filter.
        start: A vector added to both rows.
    """
    count = len(tile)
    matrix = TRANSPOSED_OUTPUT_TRANSFORM[count]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        factors = list(zip(*(parts_of(builder, arg, count) for arg in args[:2]), strict=True))

        def sum_of_products(signs: tuple[int, int], total: Any) -> Any:
            """Add to a total the products that the two rows take with these signs."""
            for line, (a, b) in zip(matrix, factors, strict=True):
                if line == signs:
                    total = builder.fmul(a, b) if total is None else emit_fma(builder, a, b, total)
            return total

        same = sum_of_products((1, 1), args[2])
        opposite = sum_of_products((1, -1), None)
        if opposite is None:  # the tile is filtered directly
            rows = [sum_of_products((1, 0), same), sum_of_products((0, 1), same)]
        else:
            rows = [
                sum_of_products((1, 0), builder.fadd(same, opposite)),
                sum_of_products((0, 1), builder.fsub(same, opposite)),
            ]
        return make_tuple(context, builder, rows)

    return types.UniTuple(vector, OUTPUT_ROWS)(tile, taps, start), codegen


@intrinsic
def overlap_add(typingctx: Any, before: Any, rows: Any) -> Any:
    """Return the rows of a tile, the first of them plus the last rows ``before`` of the last tile.

    Args:
        before: The K − 1 last rows of the tile before.
        rows: The K + 1 rows of a tile.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        left = parts_of(builder, args[0], len(before))
        right = parts_of(builder, args[1], len(rows))
        sums = [builder.fadd(a, b) for a, b in zip(left, right, strict=False)]
        return make_tuple(context, builder, sums + right[len(left) :])

    return rows(before, rows), codegen


Row = Sequence[float]
"""A row of a transform's matrix."""


def _transposed(matrix: Sequence[Row]) -> list[Row]:
    return list(zip(*matrix, strict=True))


def _multiply(context: Any, builder: Builder, matrix: Sequence[Row], vectors: Value) -> Value:
    """Return a constant matrix times a tuple of vectors."""
    parts = parts_of(builder, vectors, len(matrix[0]))
    return make_tuple(context, builder, [_weighted_sum(builder, row, parts) for row in matrix])


def _weighted_sum(builder: Builder, coefficients: Row, values: Sequence[Value]) -> Value:
    """Return a sum of values with constant coefficients, at least one of which is positive."""
    pairs = [pair for pair in zip(coefficients, values, strict=True) if pair[0]]
    total = None
    for coefficient, value in sorted(pairs, key=lambda pair: pair[0] < 0):  # positive ones first
        if abs(coefficient) != 1:
            value = builder.fmul(value, constant_vector(abs(coefficient)))
        if total is None:
            total = value
        else:
            total = (builder.fadd if coefficient > 0 else builder.fsub)(total, value)
    return total


def _load_consecutive(context: Any, builder: Builder, args: Sequence[Value], count: int) -> Value:
    """Return the ``count`` vectors that follow one another from a base address and an index on."""
    address = emit_address(builder, *args[:2])
    vectors = [emit_load(builder, address, i * LANES) for i in range(count)]
    return make_tuple(context, builder, vectors)
