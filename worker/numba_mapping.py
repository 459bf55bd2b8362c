"""The mapping n(u) = conv₂(ReLU(BN(conv₁(u)))) of a layer, forward and backward, in Numba.

A layer's input has one channel, so that batch norm's statistics follow from those of its patches:
with P_t the input shifted by t taps (zeros from beyond the ends), conv₁ is v_c = Σ_t w_tc P_t, and

    mean_c = Σ_t w_tc E[P_t],    var_c = Σ_ts w_tc w_sc Cov(P_t, P_s).

Batch norm hence folds into the first convolution: z_c = Σ_t w'_tc P_t + b'_c with w' = w s,
b' = shift − mean s and s = scale / √(var + eps). The hidden activations are never stored: they are
computed again on the way back.

Below, a *column* is one vector of samples with all its rows; c is a channel, t a tap, p a point of
the fast correlation (see `worker.numba_vectors`), K the kernel size, N = n · batch.
"""

from typing import Any

import numpy as np

from worker.engine import BATCH_NORM_EPSILON
from worker.numba_compile import kernel
from worker.numba_layouts import Floats, Folded, Parameters, Sizes, Taps, Work
from worker.numba_vectors import (
    LANES,
    correlate,
    dot,
    filter_gradient,
    fma,
    fma_all,
    fma_each,
    lane_sum,
    lane_sums,
    lift_filter,
    lift_rows,
    lift_window,
    load,
    load_points,
    load_strided,
    load_window,
    matrix_times,
    overlap,
    positive_part,
    reciprocal_root,
    scale_each,
    splat,
    splat_each,
    splat_points,
    spread,
    store,
    store_points,
    store_strided,
    where_positive,
)

_F = np.float32
_ZERO = _F(0)
_EPSILON = np.float32(BATCH_NORM_EPSILON)


@kernel
def lift_column(signal: Floats, start: int, n: int, taps: Taps, lifted: Floats) -> None:
    """Write a column's points, a window of K + 1 rows for each two rows.

    Args:
        signal: Flat signals with halos of zeros.
        start: Index of the column's row 0.
        n: Rows.
        taps: The K taps.
        lifted: Points, ``[pair][p][lane]``; overwritten.
    """
    first = start - len(taps) // 2 * LANES
    at = 0
    for pair in range((n + 1) // 2):
        points = lift_window(load_window(signal, first + 2 * pair * LANES, taps))
        store_points(lifted, at, points)
        at += len(points) * LANES


@kernel
def spread_column(lifted: Floats, halo: int, n: int, taps: Taps, column: Floats) -> None:
    """Write the rows that a column of points adds up to: the transpose of `lift_column`.

    Args:
        lifted: Points, ``[pair][p][lane]``.
        halo: Rows before row 0.
        n: Rows.
        taps: The K taps.
        column: One column with halos; overwritten, and its halos with what falls beyond the ends.
    """
    at = (halo - len(taps) // 2) * LANES
    pieces = spread(load_points(lifted, 0, taps))
    points = len(lift_rows((pieces[0], pieces[1]), taps))
    for pair in range(1, (n + 1) // 2):
        store(column, at, pieces[0])
        store(column, at + LANES, pieces[1])
        at += 2 * LANES
        pieces = overlap(pieces[2:], spread(load_points(lifted, pair * points * LANES, taps)))
    for piece in pieces:
        store(column, at, piece)
        at += LANES


@kernel
def fold(
    values: Parameters, folded: Folded, layer: int, mapping: int, sizes: Sizes, taps: Taps
) -> None:
    """Fold a mapping's batch norm into its first convolution, and lift both filters.

    Args:
        values: The weights.
        folded: Has the layer's patch statistics; gets its filters.
        layer: Which layer.
        mapping: Which of its mappings.
        sizes: The trial's sizes.
        taps: The K taps.
    """
    width, epsilon = sizes.width, splat(_EPSILON)
    patch_mean = splat_each(folded.patch_mean[layer], taps)
    for c in range(0, width, LANES):
        first = load_strided(values.first[layer, mapping], c, width, taps)
        second = load_strided(values.second[layer, mapping], c, width, taps)
        mean = dot(first, patch_mean, splat(_ZERO))
        covered = matrix_times(folded.patch_covariance[layer], first)
        variance = positive_part(dot(first, covered, splat(_ZERO)))
        inverse = reciprocal_root(variance + epsilon)
        scale = load(values.scale[layer, mapping], c) * inverse
        shift = load(values.shift[layer, mapping], c) - mean * scale
        store(folded.mean[layer, mapping], c, mean)
        store(folded.inverse[layer, mapping], c, inverse)
        store(folded.shift[layer, mapping], c, shift)
        lifted = scale_each(scale, lift_filter(first))
        store_strided(folded.first[layer, mapping], c, width, lifted)
        store_strided(folded.second[layer, mapping], c, width, lift_filter(second))


@kernel
def map_column(
    folded: Folded,
    layer: int,
    mapping: int,
    factor: np.float32,
    sizes: Sizes,
    taps: Taps,
    work: Work,
) -> None:
    """Add factor · n(u), but for its bias, to a column's points ``work.lifted_total``.

    With z_c = w'_c ∗ u + b'_c, the output takes Σ_c w_c ∗ max(z_c, 0). Two channels a sweep.

    Args:
        folded: The mapping's filters.
        layer: Which layer.
        mapping: Which of its mappings.
        factor: The mapping's coefficient in the layer.
        sizes: The trial's sizes.
        taps: The K taps.
        work: Has u's points in ``lifted_signal``.
    """
    firsts, seconds = folded.first[layer, mapping], folded.second[layer, mapping]
    shifts = folded.shift[layer, mapping]
    signals, totals = work.lifted_signal, work.lifted_total
    zero = splat(_ZERO)
    coefficient = splat(factor)
    points = len(lift_rows((zero, zero), taps))
    step = points * LANES
    pairs = sizes.n // 2
    for c in range(0, sizes.channels, 2):
        first_a = splat_points(firsts, c, sizes.width, taps)
        first_b = splat_points(firsts, c + 1, sizes.width, taps)
        second_a = scale_each(coefficient, splat_points(seconds, c, sizes.width, taps))
        second_b = scale_each(coefficient, splat_points(seconds, c + 1, sizes.width, taps))
        shift_a, shift_b = splat(shifts[c]), splat(shifts[c + 1])
        for pair in range(pairs):
            at = pair * step
            u = load_points(signals, at, taps)
            total = load_points(totals, at, taps)
            z = correlate(u, first_a, shift_a)
            h = (positive_part(z[0]), positive_part(z[1]))
            total = fma_each(second_a, lift_rows(h, taps), total)
            z = correlate(u, first_b, shift_b)
            h = (positive_part(z[0]), positive_part(z[1]))
            total = fma_each(second_b, lift_rows(h, taps), total)
            store_points(totals, at, total)
        if 2 * pairs < sizes.n:  # the last row has no other beside it
            at = pairs * step
            u = load_points(signals, at, taps)
            total = load_points(totals, at, taps)
            h = (positive_part(correlate(u, first_a, shift_a)[0]), zero)
            total = fma_each(second_a, lift_rows(h, taps), total)
            h = (positive_part(correlate(u, first_b, shift_b)[0]), zero)
            total = fma_each(second_b, lift_rows(h, taps), total)
            store_points(totals, at, total)


@kernel
def map_column_backward(
    folded: Folded,
    layer: int,
    mapping: int,
    factor: np.float32,
    sizes: Sizes,
    taps: Taps,
    work: Work,
) -> None:
    """Take the gradient d by n(u) back through a column, to the filters and to u.

    With h = max(z, 0) computed again:

        dh_j = Σ_t w_t d_{j+t},    dz = dh where z > 0,
        d/dw_t += Σ_j h_j d_{j+t},    d/dw'_t += Σ_j dz_j u_{j+t},    d/db' += Σ_j dz_j,
        d/du_{j+t} += factor · w'_t dz_j.

    The sums over rows are kept in points and by lanes in ``work.sums``; all but the last line are
    without the factor. What batch norm's statistics send back to u follows in `statistics_backward`.

    Args:
        folded: The mapping's filters.
        layer: Which layer.
        mapping: Which of its mappings.
        factor: The mapping's coefficient in the layer.
        sizes: The trial's sizes.
        taps: The K taps.
        work: Has the points of u and d; ``lifted_total`` and ``sums`` are added to.
    """
    firsts, seconds = folded.first[layer, mapping], folded.second[layer, mapping]
    shifts = folded.shift[layer, mapping]
    signals, gradients, totals = work.lifted_signal, work.lifted_gradient, work.lifted_total
    zero = splat(_ZERO)
    coefficient = splat(factor)
    points = len(lift_rows((zero, zero), taps))
    step = points * LANES
    pairs = sizes.n // 2
    for c in range(sizes.channels):
        first = splat_points(firsts, c, sizes.width, taps)
        second = scale_each(coefficient, splat_points(seconds, c, sizes.width, taps))
        shift = splat(shifts[c])
        place = (mapping * sizes.width + c) * (2 * points + 1) * LANES
        by_first = load_points(work.sums, place, taps)
        by_second = load_points(work.sums, place + step, taps)
        by_shift = load(work.sums, place + 2 * step)
        for pair in range(pairs):
            at = pair * step
            u, d = load_points(signals, at, taps), load_points(gradients, at, taps)
            z, dh = correlate(u, first, shift), correlate(d, second, zero)
            h = (positive_part(z[0]), positive_part(z[1]))
            dz = (where_positive(z[0], dh[0]), where_positive(z[1], dh[1]))
            lifted = lift_rows(dz, taps)
            by_first = fma_each(u, lifted, by_first)
            by_second = fma_each(d, lift_rows(h, taps), by_second)
            by_shift = by_shift + (dz[0] + dz[1])
            store_points(totals, at, fma_each(first, lifted, load_points(totals, at, taps)))
        if 2 * pairs < sizes.n:  # the last row has no other beside it
            at = pairs * step
            u, d = load_points(signals, at, taps), load_points(gradients, at, taps)
            z, dh = correlate(u, first, shift), correlate(d, second, zero)
            h = (positive_part(z[0]), zero)
            dz = (where_positive(z[0], dh[0]), zero)
            lifted = lift_rows(dz, taps)
            by_first = fma_each(u, lifted, by_first)
            by_second = fma_each(d, lift_rows(h, taps), by_second)
            by_shift = by_shift + dz[0]
            store_points(totals, at, fma_each(first, lifted, load_points(totals, at, taps)))
        store_points(work.sums, place, by_first)
        store_points(work.sums, place + step, by_second)
        store(work.sums, place + 2 * step, by_shift)


@kernel
def map_column_backward_to_signal(
    folded: Folded,
    layer: int,
    mapping: int,
    factor: np.float32,
    sizes: Sizes,
    taps: Taps,
    work: Work,
) -> None:
    """Take the gradient back through a column to u alone, as `map_column_backward` does.

    Instead of the filters' gradients, ``work.sums`` gets two numbers a channel: Σ dz and Σ dz z.
    The second is Σ dh h as well, so that their sum over channels is ⟨d, n(u)⟩ but for the bias.
    """
    firsts, seconds = folded.first[layer, mapping], folded.second[layer, mapping]
    shifts = folded.shift[layer, mapping]
    signals, gradients, totals = work.lifted_signal, work.lifted_gradient, work.lifted_total
    zero = splat(_ZERO)
    coefficient = splat(factor)
    points = len(lift_rows((zero, zero), taps))
    step = points * LANES
    pairs = sizes.n // 2
    for c in range(sizes.channels):
        first = splat_points(firsts, c, sizes.width, taps)
        second = splat_points(seconds, c, sizes.width, taps)
        back = scale_each(coefficient, first)
        shift = splat(shifts[c])
        place = (mapping * sizes.width + c) * 2 * LANES
        by_shift = load(work.sums, place)
        product = load(work.sums, place + LANES)
        for pair in range(pairs):
            at = pair * step
            u, d = load_points(signals, at, taps), load_points(gradients, at, taps)
            z, dh = correlate(u, first, shift), correlate(d, second, zero)
            dz = (where_positive(z[0], dh[0]), where_positive(z[1], dh[1]))
            by_shift = by_shift + (dz[0] + dz[1])
            product = fma(dz[0], z[0], fma(dz[1], z[1], product))
            lifted = lift_rows(dz, taps)
            store_points(totals, at, fma_each(back, lifted, load_points(totals, at, taps)))
        if 2 * pairs < sizes.n:  # the last row has no other beside it
            at = pairs * step
            u, d = load_points(signals, at, taps), load_points(gradients, at, taps)
            z, dh = correlate(u, first, shift), correlate(d, second, zero)
            dz = (where_positive(z[0], dh[0]), zero)
            by_shift = by_shift + dz[0]
            product = fma(dz[0], z[0], product)
            lifted = lift_rows(dz, taps)
            store_points(totals, at, fma_each(back, lifted, load_points(totals, at, taps)))
        store(work.sums, place, by_shift)
        store(work.sums, place + LANES, product)


@kernel
def fold_backward(
    values: Parameters,
    gradients: Parameters,
    folded: Folded,
    layer: int,
    mapping: int,
    factor: np.float32,
    sizes: Sizes,
    taps: Taps,
    work: Work,
) -> None:
    """Turn the gradients by a mapping's folded filters into those by its weights.

    From w' = w s, b' = shift − mean s, s = scale · inverse, inverse = (var + eps)^(−½):

        ds = Σ_t dw'_t w_t − db' mean,    dshift = db',    dscale = ds inverse,
        dmean = −db' s,    dvar = −½ ds scale inverse³,
        dw_t = dw'_t s + dmean E[P_t] + 2 dvar Σ_s Cov(P_t, P_s) w_s,
        dE[P_t] += dmean w_t,    dCov(P_t, P_s) += dvar w_t w_s.

    Args:
        values: The weights.
        gradients: Get the mapping's gradients; overwritten.
        folded: The mapping's filters and the layer's patch statistics.
        layer: Which layer.
        mapping: Which of its mappings.
        factor: The mapping's coefficient in the layer.
        sizes: The trial's sizes.
        taps: The K taps.
        work: Has the sums of `map_column_backward`; the gradients by the patch statistics are
            added to.
    """
    width, zero = sizes.width, splat(_ZERO)
    first = values.first[layer, mapping]
    patch_mean = splat_each(folded.patch_mean[layer], taps)
    points = len(lift_filter(patch_mean))
    for c in range(0, width, LANES):
        stride = (2 * points + 1) * LANES
        place = (mapping * width + c) * stride
        for i in range(2 * points + 1):
            store(work.channel_sums, i * LANES, lane_sums(work.sums, place + i * LANES, stride))
        by_first = filter_gradient(load_points(work.channel_sums, 0, taps))  # dw'
        by_second = filter_gradient(load_points(work.channel_sums, points * LANES, taps))
        by_shift = load(work.channel_sums, 2 * points * LANES)  # db'
        weights = load_strided(first, c, width, taps)
        inverse, scale = (
            load(folded.inverse[layer, mapping], c),
            load(values.scale[layer, mapping], c),
        )
        by_scale = dot(by_first, weights, zero - by_shift * load(folded.mean[layer, mapping], c))
        by_mean = zero - by_shift * scale * inverse
        by_variance = splat(_F(-0.5)) * by_scale * scale * inverse * inverse * inverse
        by_weights = scale_each(scale * inverse, by_first)
        by_weights = fma_all(by_mean, patch_mean, by_weights)
        covered = matrix_times(folded.patch_covariance[layer], weights)
        by_weights = fma_all(by_variance + by_variance, covered, by_weights)
        store_strided(gradients.first[layer, mapping], c, width, by_weights)
        scaled = scale_each(splat(factor), by_second)
        store_strided(gradients.second[layer, mapping], c, width, scaled)
        store(gradients.scale[layer, mapping], c, by_scale * inverse)
        store(gradients.shift[layer, mapping], c, by_shift)
        add_by_patches(first, c, by_mean, by_variance, width, taps, work)


@kernel
def fold_backward_to_signal(
    values: Parameters,
    folded: Folded,
    layer: int,
    mapping: int,
    factor: np.float32,
    sizes: Sizes,
    taps: Taps,
    work: Work,
) -> np.float32:
    """Turn the sums of `map_column_backward_to_signal` into gradients by the patch statistics.

    Since Σ_t w'_t dw'_t = Σ dz (z − b'), `fold_backward`'s ds is (Σ dz z − db' shift) / s, and

        dmean = −db' s,    dvar = −½ (Σ dz z − db' shift) inverse².

    Returns:
        Σ dz z over all channels, which is ⟨d, n(u)⟩ but for the bias.
    """
    width, zero = sizes.width, splat(_ZERO)
    inner = zero
    for c in range(0, width, LANES):
        stride = 2 * LANES
        place = (mapping * width + c) * stride
        by_shift = lane_sums(work.sums, place, stride)
        product = lane_sums(work.sums, place + LANES, stride)
        inner = inner + product
        inverse = load(folded.inverse[layer, mapping], c)
        scale = load(values.scale[layer, mapping], c) * inverse
        rest = product - by_shift * load(values.shift[layer, mapping], c)
        by_mean = zero - splat(factor) * by_shift * scale
        by_variance = splat(_F(-0.5) * factor) * rest * inverse * inverse
        add_by_patches(values.first[layer, mapping], c, by_mean, by_variance, width, taps, work)
    return lane_sum(inner)


@kernel
def add_by_patches(
    first: Floats,
    c: int,
    by_mean: Any,
    by_variance: Any,
    width: int,
    taps: Taps,
    work: Work,
) -> None:
    """Add dE[P_t] = Σ_c dmean w_t and dCov(P_t, P_s) = Σ_c dvar w_t w_s, for a vector of channels."""
    for t in range(len(taps)):
        weight = load(first, t * width + c)
        work.by_patch_mean[t] += lane_sum(by_mean * weight)
        for s in range(t, len(taps)):
            product = lane_sum(by_variance * weight * load(first, s * width + c))
            work.by_patch_covariance[t, s] += product
            if s != t:
                work.by_patch_covariance[s, t] += product
