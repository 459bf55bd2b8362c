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

import numpy as np

from worker.engine import BATCH_NORM_EPSILON
from worker.numba_compile import kernel
from worker.numba_layouts import Floats, Folded, Parameters, Sizes, Taps, Work
from worker.numba_vectors import (
    LANES,
    correlate,
    fma,
    fma_each,
    lane_sum,
    lift_rows,
    lift_window,
    load,
    load_points,
    load_window,
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

_F = np.float32
_ZERO, _ONE = _F(0), _F(1)
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
def fold(values: Parameters, folded: Folded, layer: int, mapping: int, filters: Floats) -> None:
    """Fold a mapping's batch norm into its first convolution, and lift both filters.

    Args:
        values: The weights.
        folded: Has the layer's patch statistics; gets its filters.
        layer: Which layer.
        mapping: Which of its mappings.
        filters: G, which lifts K taps to points, ``(point, tap)``.
    """
    first, second = values.first[layer, mapping], values.second[layer, mapping]  # (tap, channel)
    points, taps = filters.shape
    for c in range(first.shape[1]):
        mean, variance = _ZERO, _ZERO
        for t in range(taps):
            mean += first[t, c] * folded.patch_mean[layer, t]
            for s in range(taps):
                product = first[t, c] * first[s, c]
                variance += product * folded.patch_covariance[layer, t, s]
        inverse = _ONE / np.sqrt(max(variance, _ZERO) + _EPSILON)
        scale = values.scale[layer, mapping, c] * inverse
        folded.mean[layer, mapping, c] = mean
        folded.inverse[layer, mapping, c] = inverse
        folded.shift[layer, mapping, c] = values.shift[layer, mapping, c] - mean * scale
        for p in range(points):
            one, two = _ZERO, _ZERO
            for t in range(taps):
                one += filters[p, t] * first[t, c]
                two += filters[p, t] * second[t, c]
            folded.first[layer, mapping, c * points + p] = one * scale
            folded.second[layer, mapping, c * points + p] = two


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
        first_a = splat_points(firsts, c * points, taps)
        first_b = splat_points(firsts, (c + 1) * points, taps)
        second_a = scale_each(coefficient, splat_points(seconds, c * points, taps))
        second_b = scale_each(coefficient, splat_points(seconds, (c + 1) * points, taps))
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
        first = splat_points(firsts, c * points, taps)
        second = scale_each(coefficient, splat_points(seconds, c * points, taps))
        shift = splat(shifts[c])
        place = (mapping * sizes.channels + c) * (2 * points + 1) * LANES
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
        first = splat_points(firsts, c * points, taps)
        second = splat_points(seconds, c * points, taps)
        back = scale_each(coefficient, first)
        shift = splat(shifts[c])
        place = (mapping * sizes.channels + c) * 2 * LANES
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
    filters: Floats,
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
        filters: G, ``(point, tap)``.
        work: Has the sums of `map_column_backward`; the gradients by the patch statistics are
            added to.
    """
    first = values.first[layer, mapping]  # (tap, channel)
    by_first, by_second = work.by_taps[0], work.by_taps[1]
    points, taps = filters.shape
    for c in range(first.shape[1]):
        place = (mapping * first.shape[1] + c) * (2 * points + 1) * LANES
        by_first[:] = _ZERO
        by_second[:] = _ZERO
        for p in range(points):
            one = lane_sum(load(work.sums, place + p * LANES))
            two = factor * lane_sum(load(work.sums, place + (points + p) * LANES))
            for t in range(taps):
                by_first[t] += filters[p, t] * one
                by_second[t] += filters[p, t] * two
        by_shift = lane_sum(load(work.sums, place + 2 * points * LANES))
        mean, inverse = folded.mean[layer, mapping, c], folded.inverse[layer, mapping, c]
        scale = values.scale[layer, mapping, c]
        by_scale = -by_shift * mean
        for t in range(taps):
            by_scale += by_first[t] * first[t, c]
        by_mean = -by_shift * scale * inverse
        by_variance = _F(-0.5) * by_scale * scale * inverse * inverse * inverse
        for t in range(taps):
            from_variance = _ZERO
            for s in range(taps):
                from_variance += folded.patch_covariance[layer, t, s] * first[s, c]
                product = first[t, c] * first[s, c]
                work.by_patch_covariance[t, s] += by_variance * product
            work.by_patch_mean[t] += by_mean * first[t, c]
            gradients.first[layer, mapping, t, c] = (
                by_first[t] * scale * inverse
                + by_mean * folded.patch_mean[layer, t]
                + _F(2) * by_variance * from_variance
            )
            gradients.second[layer, mapping, t, c] = by_second[t]
        gradients.scale[layer, mapping, c] = by_scale * inverse
        gradients.shift[layer, mapping, c] = by_shift


@kernel
def fold_backward_to_signal(
    values: Parameters,
    folded: Folded,
    layer: int,
    mapping: int,
    factor: np.float32,
    work: Work,
) -> np.float32:
    """Turn the sums of `map_column_backward_to_signal` into gradients by the patch statistics.

    Since Σ_t w'_t dw'_t = Σ dz (z − b'), `fold_backward`'s ds is (Σ dz z − db' shift) / s, and

        dmean = −db' s,    dvar = −½ (Σ dz z − db' shift) inverse².

    Returns:
        Σ dz z over all channels, which is ⟨d, n(u)⟩ but for the bias.
    """
    first = values.first[layer, mapping]  # (tap, channel)
    taps = first.shape[0]
    inner = _ZERO
    for c in range(first.shape[1]):
        place = (mapping * first.shape[1] + c) * 2 * LANES
        by_shift = lane_sum(load(work.sums, place))
        product = lane_sum(load(work.sums, place + LANES))
        inner += product
        inverse = folded.inverse[layer, mapping, c]
        scale = values.scale[layer, mapping, c] * inverse
        rest = product - by_shift * values.shift[layer, mapping, c]
        by_mean = -factor * by_shift * scale
        by_variance = _F(-0.5) * factor * rest * inverse * inverse
        for t in range(taps):
            work.by_patch_mean[t] += by_mean * first[t, c]
            for s in range(taps):
                work.by_patch_covariance[t, s] += by_variance * first[t, c] * first[s, c]
    return inner
