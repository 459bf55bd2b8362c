"""The mapping n(u) = conv₂(ReLU(BN(conv₁(u)))) of a layer, forward and backward, in Numba.

A layer's input has one channel, so that batch norm's statistics follow from those of its patches:
with P_t the input shifted by t taps (zeros from beyond the ends), conv₁ is v_c = Σ_t w_tc P_t, and

    mean_c = Σ_t w_tc E[P_t],    var_c = Σ_ts w_tc w_sc Cov(P_t, P_s).

Batch norm hence folds into the first convolution (`worker.numba_folding`): z_c = Σ_t w'_tc P_t +
b'_c. The hidden activations are never stored: they are computed again on the way back.

Below, a *column* is one vector of samples with all its rows; c is a channel, t a tap, K the kernel
size, and a *point* one product of the fast correlation (see `worker.numba_vectors`), of which each
two rows have a few.
"""

from typing import Any

import numpy as np

from worker.numba_compile import inlined, kernel
from worker.numba_layouts import MAPPINGS, Taps
from worker.numba_vectors import (
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
    overlap,
    positive_part,
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
def lift_column(base: int, start: int, n: int, taps: Taps, points: int) -> None:
    """Write a column's points, those of a window of K + 1 rows for each two rows.

    Args:
        base: Address of signals with halos of zeros.
        start: Index of the column's row 0.
        n: Rows.
        taps: The K taps.
        points: Address of ``[pair][point][lane]``, overwritten.
    """
    first = start - len(taps) // 2 * LANES
    at = 0
    for pair in range((n + 1) // ROWS):
        lifted = lift_window(load_window(base, first + ROWS * pair * LANES, taps))
        store_points(points, at, lifted)
        at += len(lifted) * LANES


@kernel
def spread_column(points: int, halo: int, n: int, taps: Taps, column: int) -> None:
    """Write the rows that a column of points adds up to: the transpose of `lift_column`.

    Args:
        points: Address of ``[pair][point][lane]``.
        halo: Rows before row 0.
        n: Rows.
        taps: The K taps.
        column: Address of one column with halos; overwritten, and its halos with what falls
            beyond the ends.
    """
    at = (halo - len(taps) // 2) * LANES
    first = load_points(points, 0, taps)
    pieces = spread(first)
    for pair in range(1, (n + 1) // ROWS):
        store(column, at, pieces[0])
        store(column, at + LANES, pieces[1])
        at += ROWS * LANES
        following = spread(load_points(points, pair * len(first) * LANES, taps))
        pieces = overlap(pieces[ROWS:], following)
    for piece in pieces:
        store(column, at, piece)
        at += LANES


@kernel
def map_column(trial: Any, layer: int, mapping: int, factor: np.float32, taps: Taps) -> None:
    """Add factor · n(u), but for its bias, to a column's ``mapped_points``.

    With z_c = w'_c ∗ u + b'_c, the output takes Σ_c w_c ∗ max(z_c, 0). Two channels a sweep.

    Args:
        trial: Has u's ``input_points`` and the folded filters.
        layer: Which layer.
        mapping: Which of its mappings.
        factor: The mapping's coefficient in the layer.
        taps: The K taps.
    """
    coefficient = splat(factor)
    pairs = trial.n // ROWS
    for c in range(0, trial.channels, 2):
        first_a, second_a, shift_a = folded_filters(trial, layer, mapping, c, taps)
        first_b, second_b, shift_b = folded_filters(trial, layer, mapping, c + 1, taps)
        second_a, second_b = scale_each(coefficient, second_a), scale_each(coefficient, second_b)
        filters = (first_a, second_a, shift_a), (first_b, second_b, shift_b)
        inputs, outputs = trial.input_points, trial.mapped_points
        step = len(first_a) * LANES
        for pair in range(pairs):
            map_rows(inputs, outputs, pair * step, filters, True, taps)
        if ROWS * pairs < trial.n:
            map_rows(inputs, outputs, pairs * step, filters, False, taps)


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
def map_rows(inputs: int, outputs: int, at: int, filters: Any, both: bool, taps: Taps) -> None:
    """Add two channels' share of two rows, or of the last one, to the output's points."""
    (first_a, second_a, shift_a), (first_b, second_b, shift_b) = filters
    u, total = load_points(inputs, at, taps), load_points(outputs, at, taps)
    h = rectified(correlate(u, first_a, shift_a), both)
    total = fma_each(second_a, lift_rows(h, taps), total)
    h = rectified(correlate(u, first_b, shift_b), both)
    store_points(outputs, at, fma_each(second_b, lift_rows(h, taps), total))


@kernel
def map_column_backward(
    trial: Any, layer: int, mapping: int, factor: np.float32, taps: Taps
) -> None:
    """Take the gradient d by n(u) back through a column, to the filters and to u.

    With h = max(z, 0) computed again:

        dh_j = Σ_t w_t d_{j+t},    dz = dh where z > 0,
        d/dw_t += Σ_j h_j d_{j+t},    d/dw'_t += Σ_j dz_j u_{j+t},    d/db' += Σ_j dz_j,
        d/du_{j+t} += w'_t dz_j.

    The factor is part of w here, and so of all but d/dw_t. The sums over rows are kept in points
    and by lanes in ``filter_sums``. What batch norm's statistics send back to u follows in
    `worker.numba_statistics.statistics_backward`.

    Args:
        trial: Has ``input_points``, ``gradient_points`` and the folded filters; ``mapped_points``
            and ``filter_sums`` are added to.
        layer: Which layer.
        mapping: Which of its mappings.
        factor: The mapping's coefficient in the layer.
        taps: The K taps.
    """
    coefficient = splat(factor)
    pairs, sums = trial.n // ROWS, trial.filter_sums
    for c in range(trial.channels):
        first, second, shift = folded_filters(trial, layer, mapping, c, taps)
        filters = first, scale_each(coefficient, second), shift
        step = len(first) * LANES
        place = (mapping * trial.width + c) * (2 * step + LANES)
        totals = (
            load_points(sums, place, taps),
            load_points(sums, place + step, taps),
            load(sums, place + 2 * step),
        )
        addresses = trial.input_points, trial.gradient_points, trial.mapped_points
        for pair in range(pairs):
            totals = map_rows_backward(addresses, pair * step, filters, totals, True, taps)
        if ROWS * pairs < trial.n:
            totals = map_rows_backward(addresses, pairs * step, filters, totals, False, taps)
        store_points(sums, place, totals[0])
        store_points(sums, place + step, totals[1])
        store(sums, place + 2 * step, totals[2])


@inlined
def map_rows_backward(
    addresses: Any, at: int, filters: Any, totals: Any, both: bool, taps: Taps
) -> Any:
    """Do so for two rows of one channel, or for the last row, and return the new totals."""
    inputs, gradients, outputs = addresses
    first, second, shift = filters
    by_first, by_second, by_shift = totals
    u, d = load_points(inputs, at, taps), load_points(gradients, at, taps)
    z = correlate(u, first, shift)
    dz = gated(z, correlate(d, second, splat(_ZERO)), both)
    lifted = lift_rows(dz, taps)
    by_first = fma_each(u, lifted, by_first)
    by_second = fma_each(d, lift_rows(rectified(z, both), taps), by_second)
    store_points(outputs, at, fma_each(first, lifted, load_points(outputs, at, taps)))
    return by_first, by_second, by_shift + (dz[0] + dz[1])


@kernel
def map_column_backward_to_input(
    trial: Any, layer: int, mapping: int, factor: np.float32, taps: Taps
) -> None:
    """Take the gradient back through a column to u alone, as `map_column_backward` does.

    Instead of the filters' gradients, ``filter_sums`` gets two numbers a channel, without the
    factor: Σ dz and Σ dz z. The second is Σ dh h as well, so that their sum over channels is
    ⟨d, n(u)⟩ but for the bias.
    """
    coefficient = splat(factor)
    pairs, sums = trial.n // ROWS, trial.filter_sums
    for c in range(trial.channels):
        first, second, shift = folded_filters(trial, layer, mapping, c, taps)
        filters = first, second, shift, scale_each(coefficient, first)
        step = len(first) * LANES
        place = (mapping * trial.width + c) * 2 * LANES
        totals = load(sums, place), load(sums, place + LANES)
        addresses = trial.input_points, trial.gradient_points, trial.mapped_points
        for pair in range(pairs):
            totals = input_rows_backward(addresses, pair * step, filters, totals, True, taps)
        if ROWS * pairs < trial.n:
            totals = input_rows_backward(addresses, pairs * step, filters, totals, False, taps)
        store(sums, place, totals[0])
        store(sums, place + LANES, totals[1])


@inlined
def input_rows_backward(
    addresses: Any, at: int, filters: Any, totals: Any, both: bool, taps: Taps
) -> Any:
    """Do so for two rows of one channel, or for the last row, and return the new totals."""
    inputs, gradients, outputs = addresses
    first, second, shift, back = filters
    by_shift, product = totals
    z = correlate(load_points(inputs, at, taps), first, shift)
    dz = gated(z, correlate(load_points(gradients, at, taps), second, splat(_ZERO)), both)
    lifted = lift_rows(dz, taps)
    store_points(outputs, at, fma_each(back, lifted, load_points(outputs, at, taps)))
    product = fma(dz[0], z[0], fma(dz[1], z[1], product))
    return by_shift + (dz[0] + dz[1]), product
