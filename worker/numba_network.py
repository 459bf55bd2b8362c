"""The layers of a network, forward and backward, in Numba.

A layer's output is linear in a few signals, with coefficients that follow from softmax(α):

    out = c₀ u + c₁ AᵀA u + c₂ Aᵀy + c₃ roll(u) + c₄ ε + c₅ n₀(u) + c₆ n₁(u).

A term whose coefficient is 0 is not computed: a retraining has one operation on each layer.
"""

import numpy as np

from worker.numba_compile import kernel
from worker.numba_layouts import (
    CONSTANT,
    FIRST_MAP,
    IDENTITY,
    MAPPINGS,
    NOISE,
    NORMAL,
    ROLL,
    START,
    Floats,
    Folded,
    Operator,
    Parameters,
    Rows,
    Sizes,
    Taps,
    Work,
)
from worker.numba_mapping import (
    fold,
    fold_backward,
    fold_backward_to_signal,
    lift_column,
    map_column,
    map_column_backward,
    map_column_backward_to_signal,
    spread_column,
)
from worker.numba_statistics import (
    add_lags,
    patch_statistics,
    statistics_backward,
    store_lags,
)
from worker.numba_vectors import LANES, fma, fma_all, lane_sum, load, push, repeat, splat, store

_ZERO = np.float32(0)


@kernel
def apply(
    rows: Rows, columns: int, signal: Floats, start: int, stride: int, out: Floats, length: int
) -> None:
    """Multiply the next four columns of a signal, or the fewer that are left, by a matrix.

    Args:
        rows: The matrix.
        columns: Columns that are left.
        signal: The signal.
        start: Index of the first column's row 0.
        stride: From one column to the next.
        out: Gets the products.
        length: From one product to the next.
    """
    last = min(columns, 4) - 1  # columns beyond the last are that one again
    b, c, d = min(1, last), min(2, last), min(3, last)
    for i in range(rows.entries.shape[0]):
        total_a = total_b = total_c = total_d = splat(_ZERO)
        for j in range(rows.low[i], rows.high[i]):
            entry = splat(rows.entries[i, j])
            at = start + j * LANES
            total_a = fma(entry, load(signal, at), total_a)
            total_b = fma(entry, load(signal, at + b * stride), total_b)
            total_c = fma(entry, load(signal, at + c * stride), total_c)
            total_d = fma(entry, load(signal, at + d * stride), total_d)
        to = i * LANES
        store(out, to, total_a)
        store(out, to + b * length, total_b)
        store(out, to + c * length, total_c)
        store(out, to + d * length, total_d)


@kernel
def arrange(
    drawn: Floats, first: int, rows: int, sizes: Sizes, mask: Floats, out: Floats, halo: int
) -> None:
    """Copy numbers from ``(row, sample)`` to columns, with zeros beyond the batch.

    Args:
        drawn: The numbers; at least a vector longer than its samples.
        first: Index of the first of them.
        rows: Rows.
        sizes: The trial's sizes.
        mask: 1 in the lanes of the batch.
        out: Columns of ``rows + 2 · halo`` rows.
        halo: Rows before and after, left as they are.
    """
    for column in range(sizes.columns):
        inside = load(mask, column * LANES)
        start = (column * (rows + 2 * halo) + halo) * LANES
        for i in range(rows):
            values = load(drawn, first + i * sizes.batch + column * LANES)
            store(out, start + i * LANES, values * inside)


@kernel
def measure(sizes: Sizes, taps: Taps, operator: Operator, work: Work) -> None:
    """Compute y = A x + noise · ε and the first layer's input Aᵀ y.

    Args:
        sizes: The trial's sizes.
        taps: The K taps.
        operator: A and the noise.
        work: Has x in ``target`` and ε in ``measured``, which becomes y; gets Aᵀ y, and its sums
            in ``lags``.
    """
    stride, length = sizes.stride, sizes.m * LANES
    noise = splat(operator.noise)
    work.lags[:] = _ZERO
    for group in range(0, sizes.columns, 4):
        left = sizes.columns - group
        start, measured = group * stride + sizes.halo * LANES, group * length
        apply(operator.forward, left, work.target, start, stride, work.normal, length)
        for i in range(0, min(left, 4) * length, LANES):
            y = fma(noise, load(work.measured, measured + i), load(work.normal, i))
            store(work.measured, measured + i, y)
        first = work.layers[start:]
        apply(operator.adjoint, left, work.measured, measured, length, first, stride)
    for column in range(sizes.columns):
        add_lags(work.layers, column * stride + sizes.halo * LANES, sizes.n, taps, work.lags)


@kernel
def layer_forward(
    layer: int,
    coefficients: Floats,
    sizes: Sizes,
    taps: Taps,
    operator: Operator,
    values: Parameters,
    folded: Folded,
    work: Work,
) -> None:
    """Compute a layer's output, the next layer's input.

    Args:
        layer: Which layer.
        coefficients: Of all layers, ``(layer, term)``.
        sizes: The trial's sizes.
        taps: The K taps.
        operator: The inverse problem.
        values: The weights.
        folded: Gets the layer's statistics and filters.
        work: Has the layer's input.
    """
    c = coefficients[layer]
    mapped = c[FIRST_MAP] != _ZERO or c[FIRST_MAP + 1] != _ZERO
    constant = _ZERO
    if mapped:
        patch_statistics(work, layer, sizes, taps, folded)
    work.lags[:] = _ZERO
    for mapping in range(MAPPINGS):
        if c[FIRST_MAP + mapping] != _ZERO:
            fold(values, folded, layer, mapping, sizes, taps)
            constant += c[FIRST_MAP + mapping] * values.bias[layer, mapping]
    whole, length = sizes.columns * sizes.stride, sizes.n * LANES
    for column in range(sizes.columns):
        start = column * sizes.stride + sizes.halo * LANES
        here = layer * whole + start
        if c[NORMAL] != _ZERO and column % 4 == 0:
            left = sizes.columns - column
            apply(operator.normal, left, work.layers, here, sizes.stride, work.normal, length)
        if mapped:
            lift_column(work.layers, here, sizes.n, taps, work.lifted_signal)
            work.lifted_total[:] = _ZERO
            for mapping in range(MAPPINGS):
                if c[FIRST_MAP + mapping] != _ZERO:
                    factor = c[FIRST_MAP + mapping]
                    map_column(folded, layer, mapping, factor, sizes, taps, work)
            spread_column(work.lifted_total, sizes.halo, sizes.n, taps, work.mapped)
        plain = splat(_ZERO)
        recent, products = repeat(plain, taps), repeat(plain, taps)
        for i in range(sizes.n):
            row = i * LANES
            total = splat(constant)
            if mapped:
                total = total + load(work.mapped, sizes.halo * LANES + row)
            if c[IDENTITY] != _ZERO:
                total = fma(splat(c[IDENTITY]), load(work.layers, here + row), total)
            if c[NORMAL] != _ZERO:
                normal = load(work.normal, column % 4 * length + row)
                total = fma(splat(c[NORMAL]), normal, total)
            if c[START] != _ZERO:
                total = fma(splat(c[START]), load(work.layers, start + row), total)
            if c[ROLL] != _ZERO:
                j = i - sizes.shift if i >= sizes.shift else i - sizes.shift + sizes.n
                before = load(work.layers, here + j * LANES)
                total = fma(splat(c[ROLL]), before, total)
            if c[NOISE] != _ZERO:
                noise = load(work.noise, here + row)
                total = fma(splat(c[NOISE]), noise, total)
            total = total * load(work.mask, column * LANES)
            store(work.layers, here + whole + row, total)
            recent = push(total, recent)
            products = fma_all(total, recent, products)
            plain = plain + total
        store_lags(products, plain, taps, work.lags)


@kernel
def loss_and_gradient(sizes: Sizes, work: Work) -> float:
    """Compare the output u₀ + u_L with x.

    Returns:
        The mean squared error; ``work.squares`` gets its sum over the rows of each sample, and
        the first half of ``work.gradient`` its gradient 2 (output − x) / (n · batch).
    """
    whole = sizes.columns * sizes.stride
    scale = splat(np.float32(2 / (sizes.n * sizes.batch)))
    total = 0.0
    for column in range(sizes.columns):
        squares = splat(_ZERO)
        for i in range(sizes.n):
            at = column * sizes.stride + (sizes.halo + i) * LANES
            output = load(work.layers, at) + load(work.layers, sizes.layers * whole + at)
            error = output - load(work.target, at)
            squares = fma(error, error, squares)
            store(work.gradient, at, error * scale)
        store(work.squares, column * LANES, squares)
        total += np.float64(lane_sum(squares))
    return total / (sizes.n * sizes.batch)


@kernel
def mean_psnr(sizes: Sizes, squares: Floats) -> float:
    """Return the mean of −10 log₁₀(mean squared error) over samples, in dB.

    Args:
        sizes: The trial's sizes.
        squares: Summed squared error of each sample.
    """
    total = 0.0
    for sample in range(sizes.batch):
        total -= 10.0 * np.log10(np.float64(squares[sample]) / sizes.n)
    return total / sizes.batch


@kernel
def linear_backward(
    layer: int,
    coefficients: Floats,
    sizes: Sizes,
    work: Work,
    source: int,
    mapped: bool,
    column: int,
    passing: bool,
    inner: Floats,
) -> None:
    """Take one column of the gradient d back through all that is not a mapping.

    The gradient by u is c₀ d + c₁ AᵀA d + c₃ roll⁻¹(d), AᵀA being symmetric, to which
    ``work.mapped`` is added; that by a mapping's bias is Σ d, times its coefficient.

    Args:
        layer: Which layer.
        coefficients: Of all layers, ``(layer, term)``.
        sizes: The trial's sizes.
        work: Has d in ``gradient`` and AᵀA d in ``normal``; gets the gradient by u.
        source: Where d starts in ``gradient``: the other half takes the result.
        mapped: Whether ``work.mapped`` is to be added.
        column: Which column.
        passing: Whether the gradient by u is wanted.
        inner: Σ d is added to its last entry.
    """
    c = coefficients[layer]
    whole = sizes.columns * sizes.stride
    start = column * sizes.stride + sizes.halo * LANES
    inside = load(work.mask, column * LANES)
    d_sum = splat(_ZERO)
    for i in range(sizes.n):
        at = start + i * LANES
        d = load(work.gradient, source + at)
        d_sum = d_sum + d
        total = splat(c[IDENTITY]) * d
        if c[NORMAL] != _ZERO:
            normal = load(work.normal, (column % 4 * sizes.n + i) * LANES)
            total = fma(splat(c[NORMAL]), normal, total)
        if c[ROLL] != _ZERO:
            j = i + sizes.shift if i + sizes.shift < sizes.n else i + sizes.shift - sizes.n
            later = load(work.gradient, source + start + j * LANES)
            total = fma(splat(c[ROLL]), later, total)
        if mapped:
            total = total + load(work.mapped, (sizes.halo + i) * LANES)
        if passing:
            store(work.gradient, whole - source + at, total * inside)
    inner[CONSTANT] += lane_sum(d_sum)


@kernel
def coefficients_backward(
    layer: int,
    coefficients: Floats,
    sizes: Sizes,
    work: Work,
    source: int,
    column: int,
    inner: Floats,
) -> None:
    """Add a column's gradients by the coefficients of all that is not a mapping.

    They are ⟨d, u⟩, ⟨d, AᵀA u⟩ = ⟨AᵀA d, u⟩, ⟨d, Aᵀy⟩, ⟨d, roll(u)⟩ = ⟨roll⁻¹(d), u⟩ and ⟨d, ε⟩.
    """
    c = coefficients[layer]
    whole = sizes.columns * sizes.stride
    start = column * sizes.stride + sizes.halo * LANES
    by_identity = by_normal = by_start = by_roll = by_noise = splat(_ZERO)
    for i in range(sizes.n):
        at = start + i * LANES
        d, u = load(work.gradient, source + at), load(work.layers, layer * whole + at)
        by_identity = fma(d, u, by_identity)
        by_start = fma(d, load(work.layers, at), by_start)
        normal = load(work.normal, (column % 4 * sizes.n + i) * LANES)
        by_normal = fma(normal, u, by_normal)
        if c[ROLL] != _ZERO:
            j = i + sizes.shift if i + sizes.shift < sizes.n else i + sizes.shift - sizes.n
            by_roll = fma(load(work.gradient, source + start + j * LANES), u, by_roll)
        if c[NOISE] != _ZERO:
            by_noise = fma(d, load(work.noise, layer * whole + at), by_noise)
    inner[IDENTITY] += lane_sum(by_identity)
    inner[NORMAL] += lane_sum(by_normal)
    inner[START] += lane_sum(by_start)
    inner[ROLL] += lane_sum(by_roll)
    inner[NOISE] += lane_sum(by_noise)


@kernel
def layer_backward(
    layer: int,
    coefficients: Floats,
    sizes: Sizes,
    taps: Taps,
    operator: Operator,
    values: Parameters,
    gradients: Parameters,
    folded: Folded,
    work: Work,
    source: int,
    passing: bool,
    for_weights: bool,
    by_coefficients: Floats,
) -> None:
    """Take the gradient back through a layer.

    Args:
        layer: Which layer.
        coefficients: Of all layers, ``(layer, term)``.
        sizes: The trial's sizes.
        taps: The K taps.
        operator: The inverse problem.
        values: The weights.
        gradients: Get the layer's gradients if ``for_weights``.
        folded: The layer's filters and statistics of the forward sweep.
        work: Has the layer's input, and the gradient by its output.
        source: Where that starts in ``work.gradient``; the other half takes the result.
        passing: Whether the gradient by the layer's input is wanted.
        for_weights: Whether the weights' gradients are wanted; if not, the coefficients' are.
        by_coefficients: Gets them, ``(layer, term + 1)``.
    """
    c = coefficients[layer]
    mapped = c[FIRST_MAP] != _ZERO or c[FIRST_MAP + 1] != _ZERO
    whole = sizes.columns * sizes.stride
    inner = by_coefficients[layer]
    inner[:] = _ZERO
    work.sums[:] = _ZERO
    for column in range(sizes.columns):
        start = column * sizes.stride + sizes.halo * LANES
        if c[NORMAL] != _ZERO and column % 4 == 0:
            left, length = sizes.columns - column, sizes.n * LANES
            d = source + start
            apply(operator.normal, left, work.gradient, d, sizes.stride, work.normal, length)
        if mapped:
            lift_column(work.layers, layer * whole + start, sizes.n, taps, work.lifted_signal)
            lift_column(work.gradient, source + start, sizes.n, taps, work.lifted_gradient)
            work.lifted_total[:] = _ZERO
            for mapping in range(MAPPINGS):
                factor = c[FIRST_MAP + mapping]
                if factor != _ZERO and for_weights:
                    map_column_backward(folded, layer, mapping, factor, sizes, taps, work)
                elif factor != _ZERO:
                    map_column_backward_to_signal(folded, layer, mapping, factor, sizes, taps, work)
            spread_column(work.lifted_total, sizes.halo, sizes.n, taps, work.mapped)
        linear_backward(layer, coefficients, sizes, work, source, mapped, column, passing, inner)
        if not for_weights:
            coefficients_backward(layer, coefficients, sizes, work, source, column, inner)
    if mapped:
        work.by_patch_mean[:] = _ZERO
        work.by_patch_covariance[:] = _ZERO
        d_sum = inner[CONSTANT]
        for mapping in range(MAPPINGS):
            factor = c[FIRST_MAP + mapping]
            if factor != _ZERO and for_weights:
                fold_backward(values, gradients, folded, layer, mapping, factor, sizes, taps, work)
                gradients.bias[layer, mapping] = factor * d_sum
            elif factor != _ZERO:
                product = fold_backward_to_signal(
                    values, folded, layer, mapping, factor, sizes, taps, work
                )
                inner[FIRST_MAP + mapping] = product + d_sum * values.bias[layer, mapping]
        if passing:
            statistics_backward(work, layer, sizes, taps, folded, whole - source)
