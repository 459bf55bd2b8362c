"""The mapping n(u) = conv₂(ReLU(BN(conv₁(u)))) of a layer, forward and backward, in Numba.

A layer's input has one channel, so that batch norm's statistics follow from those of its patches:
with P_t the input shifted by t taps (zeros from beyond the ends), conv₁ is v_c = Σ_t w_tc P_t, and

    mean_c = Σ_t w_tc E[P_t],    var_c = Σ_ts w_tc w_sc Cov(P_t, P_s).

Batch norm hence folds into the first convolution (`worker.numba_engine.batch_norm`): z_c = Σ_t
w'_tc P_t + b'_c. The hidden activations are never stored: they are computed again on the way back.

Below, a *column* is one vector of samples with all its rows; c is a channel, t a tap, K the kernel
size, and a *point* one product of the fast correlation (see `worker.numba_engine.simd`), of which
each two rows, a *pair*, have a few. A sweep takes all pairs of a few columns for one channel or
two, whose filters stay in registers. On the way back it computes a pair's activations while it
still sums the pair before: the processor would otherwise wait for the one before it starts the
other.
"""

from typing import Any

import numpy as np

from worker.numba_engine.compilation import inlined, kernel
from worker.numba_engine.memory import MAPPINGS, Taps
from worker.numba_engine.simd import (
    LANES,
    ROWS,
    correlate,
    fma,
    fma_each,
    lift_rows,
    lift_window,
    load,
    load_points,
    load_window,
    number,
    opaque,
    overlap,
    positive_part,
    repeat,
    scale_each,
    splat,
    splat_points,
    spread,
    store,
    store_points,
    where_positive,
)

_ZERO = np.float32(0)


@kernel
def lift_column(base: int, start: int, n: int, taps: Taps, points: int, at: int) -> None:
    """Write a column's points, those of a window of K + 1 rows for each pair.

    Args:
        base: Address of signals with halos of zeros.
        start: Index of the column's row 0.
        n: Rows.
        taps: The K taps.
        points: Address of ``[pair][point][lane]``.
        at: Where the column starts there.
    """
    first = start - len(taps) // 2 * LANES
    for pair in range((n + 1) // ROWS):
        lifted = lift_window(load_window(base, first + ROWS * pair * LANES, taps))
        store_points(points, at, lifted)
        at += len(lifted) * LANES


@kernel
def spread_column(points: int, start: int, n: int, taps: Taps, column: int, row: int) -> None:
    """Write the rows that a column of points adds up to: the transpose of `lift_column`.

    Args:
        points: Address of ``[pair][point][lane]``.
        start: Where the column starts there.
        n: Rows.
        taps: The K taps.
        column: Address of columns with halos.
        row: Index of the column's row 0; it is overwritten, and its halos with what falls
            beyond the ends.
    """
    at = row - len(taps) // 2 * LANES
    first = load_points(points, start, taps)
    pieces = spread(first)
    for pair in range(1, (n + 1) // ROWS):
        store(column, at, pieces[0])
        store(column, at + LANES, pieces[1])
        at += ROWS * LANES
        following = spread(load_points(points, start + pair * len(first) * LANES, taps))
        pieces = overlap(pieces[ROWS:], following)
    for piece in pieces:
        store(column, at, piece)
        at += LANES


@inlined
def runs_of_pairs(n: int, columns: int) -> tuple[int, int]:
    """Return how many runs of whole pairs some columns are, and the pairs of each.

    Columns of even length follow each other without a break; an odd one has half a pair at its end.
    """
    pairs = n // ROWS
    return (1, columns * pairs) if n % ROWS == 0 else (columns, pairs)


@kernel
def map_columns(
    trial: Any,
    layer: int,
    mapping: int,
    factor: np.float32,
    columns: int,
    adding: bool,
    taps: Taps,
) -> None:
    """Compute the points of factor · n(u), but for its bias, of a few columns.

    With z_c = w'_c ∗ u + b'_c, the output is Σ_c w_c ∗ max(z_c, 0). Two channels a sweep.

    Args:
        trial: Has u's ``input_points`` and the folded filters; gets ``mapped_points``.
        layer: Which layer.
        mapping: Which of its mappings.
        factor: The mapping's coefficient in the layer.
        columns: How many columns.
        adding: Whether ``mapped_points`` are added to, not overwritten.
        taps: The K taps.
    """
    for c in range(0, trial.channels, 2):
        # With a literal, each of the two sweeps is compiled without a test of it.
        if adding or c > 0:
            map_channels(trial, layer, mapping, factor, columns, c, True, taps)
        else:
            map_channels(trial, layer, mapping, factor, columns, c, False, taps)


@inlined
def map_channels(
    trial: Any,
    layer: int,
    mapping: int,
    factor: np.float32,
    columns: int,
    c: int,
    adding: bool,
    taps: Taps,
) -> None:
    """Do what `map_columns` says for channel c and the next one."""
    coefficient, (runs, pairs) = splat(factor), runs_of_pairs(trial.n, columns)
    first_a, second_a, shift_a = folded_filters(trial, layer, mapping, c, taps)
    first_b, second_b, shift_b = folded_filters(trial, layer, mapping, c + 1, taps)
    second_a, second_b = scale_each(coefficient, second_a), scale_each(coefficient, second_b)
    filters = (first_a, second_a, shift_a), (first_b, second_b, shift_b)
    inputs, outputs = trial.input_points, trial.mapped_points
    step = len(first_a) * LANES
    at = 0
    for _ in range(runs):
        for _ in range(pairs):
            map_rows(inputs, outputs, at, filters, True, adding, taps)
            at += step
        if trial.n % ROWS != 0:
            map_rows(inputs, outputs, at, filters, False, adding, taps)
            at += step


@inlined
def folded_filters(trial: Any, layer: int, mapping: int, c: int, taps: Taps) -> Any:
    """Return a channel's lifted filters, first and second, and the shift between them."""
    width, place = trial.width, layer * MAPPINGS + mapping
    shift = splat(number(trial.lifted_shift, place * width + c))
    points = len(lift_rows((shift, shift), taps))
    start = place * points * width + c
    first = splat_points(trial.lifted_first, start, width, taps)
    second = splat_points(trial.lifted_second, start, width, taps)
    return first, second, shift


@inlined
def rectified(z: Any, both: bool) -> Any:
    """Return max(z, 0) of two rows, the second of which may not exist: it is zero then."""
    return positive_part(z[0]), positive_part(z[1]) if both else splat(_ZERO)


@inlined
def gated(z: Any, dh: Any, both: bool) -> Any:
    """Return the gradient by z of two rows: dh where z > 0, and zero for a row that is not."""
    return where_positive(z[0], dh[0]), where_positive(z[1], dh[1]) if both else splat(_ZERO)


@inlined
def map_rows(
    inputs: int, outputs: int, at: int, filters: Any, both: bool, adding: bool, taps: Taps
) -> None:
    """Do so for two rows, or for the last one."""
    (first_a, second_a, shift_a), (first_b, second_b, shift_b) = filters
    u = load_points(inputs, at, taps)
    total = load_points(outputs, at, taps) if adding else repeat(splat(_ZERO), u)
    h = rectified(correlate(u, first_a, shift_a), both)
    total = fma_each(second_a, lift_rows(h, taps), total)
    h = rectified(correlate(u, first_b, shift_b), both)
    store_points(outputs, at, fma_each(second_b, lift_rows(h, taps), total))


@inlined
def activations(addresses: Any, at: int, filters: Any, taps: Taps) -> Any:
    """Return z and dh = Σ_t w_t d_{j+t} of a pair of rows."""
    inputs, gradients, _ = addresses
    first, second, shift = filters
    z = correlate(load_points(inputs, at, taps), first, shift)
    return z, correlate(load_points(gradients, at, taps), second, splat(_ZERO))


@kernel
def map_columns_backward(
    trial: Any,
    layer: int,
    mapping: int,
    factor: np.float32,
    columns: int,
    passing: bool,
    adding: bool,
    taps: Taps,
) -> None:
    """Take the gradient d by n(u) back through a few columns, to the filters and to u.

    With h = max(z, 0) computed again:

        dh_j = Σ_t w_t d_{j+t},    dz = dh where z > 0,
        d/dw_t += Σ_j h_j d_{j+t},    d/dw'_t += Σ_j dz_j u_{j+t},    d/db' += Σ_j dz_j,
        d/du_{j+t} += w'_t dz_j.

    The factor is part of w here, and so of all but d/dw_t. The sums over rows are kept in points
    and by lanes in ``filter_sums``. What batch norm's statistics send back to u follows in
    `worker.numba_engine.patch_statistics.statistics_backward`.

    Args:
        trial: Has ``input_points``, ``gradient_points`` and the folded filters; gets
            ``mapped_points``, and its ``filter_sums`` are added to.
        layer: Which layer.
        mapping: Which of its mappings.
        factor: The mapping's coefficient in the layer.
        columns: How many columns.
        passing: Whether the gradient by u is wanted.
        adding: Whether ``mapped_points`` are added to, not overwritten.
        taps: The K taps.
    """
    for c in range(trial.channels):
        # With literals, each of the three sweeps is compiled without a test of them.
        if not passing:
            channel_backward(trial, layer, mapping, factor, columns, c, False, False, taps)
        elif adding or c > 0:
            channel_backward(trial, layer, mapping, factor, columns, c, True, True, taps)
        else:
            channel_backward(trial, layer, mapping, factor, columns, c, True, False, taps)


@inlined
def channel_backward(
    trial: Any,
    layer: int,
    mapping: int,
    factor: np.float32,
    columns: int,
    c: int,
    passing: bool,
    adding: bool,
    taps: Taps,
) -> None:
    """Do what `map_columns_backward` says for channel c."""
    coefficient, (runs, pairs) = splat(factor), runs_of_pairs(trial.n, columns)
    sums = trial.filter_sums
    addresses = trial.input_points, trial.gradient_points, trial.mapped_points
    first, second, shift = folded_filters(trial, layer, mapping, c, taps)
    filters = first, scale_each(coefficient, second), shift
    step = len(first) * LANES
    place = (mapping * trial.width + c) * (2 * step + LANES)
    totals = (
        load_points(sums, place, taps),
        load_points(sums, place + step, taps),
        load(sums, place + 2 * step),
    )
    at = 0
    for _ in range(runs):
        pair, end = activations(addresses, at, filters, taps), at + pairs * step
        while at < end:
            ahead = activations(addresses, at + step, filters, taps)
            totals = rows_backward(addresses, at, first, pair, totals, True, passing, adding, taps)
            pair = ahead
            at = opaque(at + step)
        if trial.n % ROWS != 0:
            totals = rows_backward(addresses, at, first, pair, totals, False, passing, adding, taps)
            at += step
    store_points(sums, place, totals[0])
    store_points(sums, place + step, totals[1])
    store(sums, place + 2 * step, totals[2])


@inlined
def rows_backward(
    addresses: Any,
    at: int,
    first: Any,
    pair: Any,
    totals: Any,
    both: bool,
    passing: bool,
    adding: bool,
    taps: Taps,
) -> Any:
    """Do so for two rows, or for the last one, and return the new totals."""
    inputs, gradients, outputs = addresses
    by_first, by_second, by_shift = totals
    z, dh = pair
    dz = gated(z, dh, both)
    lifted = lift_rows(dz, taps)
    by_first = fma_each(load_points(inputs, at, taps), lifted, by_first)
    rows = lift_rows(rectified(z, both), taps)
    by_second = fma_each(load_points(gradients, at, taps), rows, by_second)
    if passing:
        total = load_points(outputs, at, taps) if adding else repeat(splat(_ZERO), lifted)
        store_points(outputs, at, fma_each(first, lifted, total))
    return by_first, by_second, by_shift + (dz[0] + dz[1])


@kernel
def map_columns_backward_to_input(
    trial: Any,
    layer: int,
    mapping: int,
    factor: np.float32,
    columns: int,
    adding: bool,
    taps: Taps,
) -> None:
    """Take the gradient back through a few columns to u alone, as `map_columns_backward` does.

    Instead of the filters' gradients, ``filter_sums`` gets two numbers a channel, without the
    factor: Σ dz and Σ dz z. The second is Σ dh h as well, so that their sum over channels is
    ⟨d, n(u)⟩ but for the bias.
    """
    for c in range(trial.channels):
        if adding or c > 0:
            channel_backward_to_input(trial, layer, mapping, factor, columns, c, True, taps)
        else:
            channel_backward_to_input(trial, layer, mapping, factor, columns, c, False, taps)


@inlined
def channel_backward_to_input(
    trial: Any,
    layer: int,
    mapping: int,
    factor: np.float32,
    columns: int,
    c: int,
    adding: bool,
    taps: Taps,
) -> None:
    """Do what `map_columns_backward_to_input` says for channel c."""
    coefficient, (runs, pairs) = splat(factor), runs_of_pairs(trial.n, columns)
    sums = trial.filter_sums
    addresses = trial.input_points, trial.gradient_points, trial.mapped_points
    filters = folded_filters(trial, layer, mapping, c, taps)
    back = scale_each(coefficient, filters[0])
    step = len(back) * LANES
    place = (mapping * trial.width + c) * 2 * LANES
    totals = load(sums, place), load(sums, place + LANES)
    at = 0
    for _ in range(runs):
        pair = activations(addresses, at, filters, taps)
        for _ in range(pairs):
            ahead = activations(addresses, at + step, filters, taps)
            totals = input_rows_backward(addresses, at, back, pair, totals, True, adding, taps)
            pair = ahead
            at += step
        if trial.n % ROWS != 0:
            totals = input_rows_backward(addresses, at, back, pair, totals, False, adding, taps)
            at += step
    store(sums, place, totals[0])
    store(sums, place + LANES, totals[1])


@inlined
def input_rows_backward(
    addresses: Any, at: int, back: Any, pair: Any, totals: Any, both: bool, adding: bool, taps: Taps
) -> Any:
    """Do so for two rows, or for the last one, and return the new totals."""
    _, _, outputs = addresses
    by_shift, product = totals
    z, dh = pair
    dz = gated(z, dh, both)
    lifted = lift_rows(dz, taps)
    total = load_points(outputs, at, taps) if adding else repeat(splat(_ZERO), lifted)
    store_points(outputs, at, fma_each(back, lifted, total))
    product = fma(dz[0], z[0], fma(dz[1], z[1], product))
    return by_shift + (dz[0] + dz[1]), product
