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
FILTER_TRANSFORM = {  # G, from K taps to elements
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
TRANSPOSED_OUTPUT_TRANSFORM = {  # A, from two rows of the output to elements
    3: ((1, 0), (1, 1), (1, -1), (0, 1)),
    5: ((1, 0), (1, 1), (1, -1), (0, 1), (1, 0), (1, 1), (0, 1)),
}
TILE_ELEMENTS = {taps: len(matrix) for taps, matrix in INPUT_TRANSFORM.items()}
"""Number of elements of a transformed tile, by kernel size."""

_TAPS = {elements: taps for taps, elements in TILE_ELEMENTS.items()}


@intrinsic
def tile_elements(typingctx: Any, taps: Any) -> Any:
    """Return the number of elements of a transformed tile, a constant."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return context.get_constant(types.intp, TILE_ELEMENTS[len(taps)])

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
    count = TILE_ELEMENTS[len(taps)]

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

    Element p is the number at ``index + p · stride``.
    """
    count = TILE_ELEMENTS[len(taps)]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        addresses = emit_addresses(builder, args[0], args[1], args[2], count)
        elements = [emit_splat(builder, builder.load(place)) for place in addresses]
        return make_tuple(context, builder, elements)

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
def filter_transform(typingctx: Any, taps: Any) -> Any:
    """Return G g: the elements of a filter g of K taps."""
    matrix = FILTER_TRANSFORM[len(taps)]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _multiply(context, builder, matrix, args[0])

    return types.UniTuple(vector, len(matrix))(taps), codegen


@intrinsic
def transposed_filter_transform(typingctx: Any, elements: Any) -> Any:
    """Return Gᵀ e: the gradient by a filter's K taps, given that by its elements, e."""
    matrix = _transposed(FILTER_TRANSFORM[_TAPS[len(elements)]])

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _multiply(context, builder, matrix, args[0])

    return types.UniTuple(vector, len(matrix))(elements), codegen


@intrinsic
def transposed_output_transform(typingctx: Any, rows: Any, taps: Any) -> Any:
    """Return A z: the elements of two rows z of the output."""
    matrix = TRANSPOSED_OUTPUT_TRANSFORM[len(taps)]

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
    matrix = TRANSPOSED_OUTPUT_TRANSFORM[_TAPS[count]]

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
