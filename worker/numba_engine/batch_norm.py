"""Batch norm folded into a CNN's first convolution, and the way back, in Numba.

A lane is a channel here. E[P_t] and Cov(P_t, P_s) are the statistics of the layer's patches, which
`worker.numba_engine.patch_statistics` computes.
"""

import numpy as np

from worker.engine.contract import BATCH_NORM_EPSILON
from worker.numba_engine.compilation import kernel
from worker.numba_engine.layout import (
    cnn_index,
    filter_sums_size,
    input_sums_size,
    tile_size,
)
from worker.numba_engine.memory import Taps, Trial
from worker.numba_engine.simd import (
    dot,
    fma_all,
    lane_sum,
    lane_sums,
    load,
    load_strided,
    matrix_times,
    number,
    positive_part,
    put,
    root,
    scale_each,
    splat,
    splat_each,
    store,
    store_strided,
)
from worker.numba_engine.vector_type import LANES, Vector
from worker.numba_engine.winograd import (
    filter_transform,
    load_transformed,
    tile_elements,
    transposed_filter_transform,
)

_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_EPSILON = np.float32(BATCH_NORM_EPSILON)


@kernel
def fold(trial: Trial, layer: int, source: int, cnn: int, taps: Taps) -> None:
    """Fold a CNN's batch norm into its first convolution, and transform both filters.

    z = w' ∗ u + b' with w' = w s, b' = shift − mean s, s = scale / √(var + eps).

    Args:
        trial: Has the weights and the layer's patch statistics; gets the transformed filters.
        layer: Which layer.
        source: Which signal is its input.
        cnn: Which of its CNNs.
        taps: The K taps.
    """
    k, width, place = len(taps), trial.width, cnn_index(layer, cnn)
    patch_mean = splat_each(trial.patch_mean, source * k, taps)
    for c in range(0, width, LANES):
        first = load_strided(trial.first, place * k * width + c, width, taps)
        second = load_strided(trial.second, place * k * width + c, width, taps)
        mean = dot(first, patch_mean, splat(_ZERO))
        covered = matrix_times(trial.patch_covariance, source * k * k, first)
        variance = positive_part(dot(first, covered, splat(_ZERO)))
        inverse = splat(_ONE) / root(variance + splat(_EPSILON))
        scale = load(trial.scale, place * width + c) * inverse
        shift = load(trial.shift, place * width + c) - mean * scale
        store(trial.mean, place * width + c, mean)
        store(trial.inverse, place * width + c, inverse)
        store(trial.folded_shift, place * width + c, shift)
        start = place * tile_elements(taps) * width + c
        folded = scale_each(scale, filter_transform(first, taps))
        store_strided(trial.transformed_first, start, width, folded)
        store_strided(trial.transformed_second, start, width, filter_transform(second, taps))


@kernel
def fold_backward(
    trial: Trial, layer: int, source: int, cnn: int, factor: np.float32, taps: Taps
) -> None:
    """Turn the gradients by a CNN's folded filters into those by its weights.

    With s = scale · inverse, inverse = (var + eps)^(−½):

        ds = Σ_t dw'_t w_t − db' mean,    dshift = db',    dscale = ds inverse,
        dmean = −db' s,    dvar = −½ ds scale inverse³,
        dw_t = dw'_t s + dmean E[P_t] + 2 dvar Σ_s Cov(P_t, P_s) w_s,
        dE[P_t] += dmean w_t,    dCov(P_t, P_s) += dvar w_t w_s.

    Args:
        trial: Has the ``filter_sums`` of `map_columns_backward`; gets the weights' gradients. The
            gradients by the patch statistics are added to.
        layer: Which layer.
        source: Which signal is its input.
        cnn: Which of its CNNs.
        factor: The CNN's coefficient in the layer.
        taps: The K taps.
    """
    k, width, place, zero = len(taps), trial.width, cnn_index(layer, cnn), splat(_ZERO)
    patch_mean = splat_each(trial.patch_mean, source * k, taps)
    sums, stride, size = trial.channel_sums, filter_sums_size(taps), tile_size(taps)
    for c in range(0, width, LANES):
        for i in range(0, stride, LANES):
            start = (cnn * width + c) * stride + i
            store(sums, i, lane_sums(trial.filter_sums, start, stride))
        by_first = transposed_filter_transform(load_transformed(sums, 0, taps))  # dw'
        by_second = transposed_filter_transform(load_transformed(sums, size, taps))
        by_shift = load(sums, 2 * size)  # db'
        one, filters = place * width + c, place * k * width + c
        weights = load_strided(trial.first, filters, width, taps)
        inverse, scale = load(trial.inverse, one), load(trial.scale, one)
        by_scale = dot(by_first, weights, zero - by_shift * load(trial.mean, one))  # ds
        by_mean = zero - by_shift * scale * inverse
        by_variance = zero - splat(_HALF) * by_scale * scale * inverse * inverse * inverse
        by_weights = fma_all(by_mean, patch_mean, scale_each(scale * inverse, by_first))
        covered = matrix_times(trial.patch_covariance, source * k * k, weights)
        by_weights = fma_all(by_variance + by_variance, covered, by_weights)
        store_strided(trial.first_gradient, filters, width, by_weights)
        by_second = scale_each(splat(factor), by_second)
        store_strided(trial.second_gradient, filters, width, by_second)
        store(trial.scale_gradient, one, by_scale * inverse)
        store(trial.shift_gradient, one, by_shift)
        add_patch_gradients(trial, filters, by_mean, by_variance, taps)


@kernel
def fold_backward_to_input(
    trial: Trial, layer: int, cnn: int, factor: np.float32, taps: Taps
) -> np.float32:
    """Turn the sums of `map_columns_backward_to_input` into gradients by the patch statistics.

    Since Σ_t w'_t dw'_t = Σ dz (z − b'), `fold_backward`'s ds is (Σ dz z − db' shift) / s, and

        dmean = −db' s,    dvar = −½ (Σ dz z − db' shift) inverse².

    Args:
        trial: Has the ``filter_sums``; the gradients by the patch statistics are added to.
        layer: Which layer.
        cnn: Which of its CNNs.
        factor: The CNN's coefficient in the layer.
        taps: The K taps.

    Returns:
        Σ dz z over all channels, which is ⟨d, n(u)⟩ without the bias.
    """
    k, width, place, zero = len(taps), trial.width, cnn_index(layer, cnn), splat(_ZERO)
    stride, inner = input_sums_size(), zero
    for c in range(0, width, LANES):
        start, one = (cnn * width + c) * stride, place * width + c
        by_shift = lane_sums(trial.filter_sums, start, stride)
        product = lane_sums(trial.filter_sums, start + LANES, stride)
        inner = inner + product
        inverse = load(trial.inverse, one)
        rest = product - by_shift * load(trial.shift, one)
        by_mean = zero - splat(factor) * by_shift * load(trial.scale, one) * inverse
        by_variance = zero - splat(_HALF * factor) * rest * inverse * inverse
        add_patch_gradients(trial, place * k * width + c, by_mean, by_variance, taps)
    return np.float32(lane_sum(inner))


@kernel
def add_patch_gradients(
    trial: Trial, filters: int, by_mean: Vector, by_variance: Vector, taps: Taps
) -> None:
    """Add the gradients of a vector of channels to those by the patch statistics.

    dE[P_t] += Σ_c dmean w_t and dCov(P_t, P_s) += Σ_c dvar w_t w_s.

    Args:
        trial: Has the weights; its ``patch_mean_gradient`` and ``patch_covariance_gradient`` are
            added to.
        filters: Index of the channels' first tap.
        by_mean: dmean of each channel.
        by_variance: dvar of each channel.
        taps: The K taps.
    """
    k, means, covariances = len(taps), trial.patch_mean_gradient, trial.patch_covariance_gradient
    for t in range(k):
        weight = load(trial.first, filters + t * trial.width)
        put(means, t, number(means, t) + lane_sum(by_mean * weight))
        for s in range(k):
            product = by_variance * weight * load(trial.first, filters + s * trial.width)
            at = t * k + s
            put(covariances, at, number(covariances, at) + lane_sum(product))
