"""Where a gain comes from: architectures of one setting retrained with the weights' training of
the other.

Each architecture that the re-runs of an incumbent found and retrained is trained once more, from a
fresh seed, with the ``param_*`` of the other incumbent. That makes two samples of architectures ×
two trainings. The effect of the training is taken within pairs of equal architectures; that of the
architectures between the samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from results.stats.estimates import Estimate, estimate, percentiles, resamples

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Exchange:
    """Mean architecture PSNRs in dB by whose architectures and whose ``param_*``, and effects.

    An effect is final minus one-shot, averaged over both levels of the other factor; the sum of
    both is the whole difference between ``final_final`` and ``one_shot_one_shot``. All intervals
    are percentiles of one bootstrap over architectures.
    """

    one_shot_one_shot: Estimate
    """Architectures of the one-shot study's incumbent, trained with its own ``param_*``."""
    one_shot_final: Estimate
    """The same architectures, trained with those of the final study's incumbent."""
    final_one_shot: Estimate
    final_final: Estimate
    architectures: Estimate
    """Main effect of the final study's architectures."""
    training: Estimate
    """Main effect of the final study's ``param_*``."""
    interaction: Estimate
    """By how much more the training does for the final study's architectures than for the
    others; half the difference of the two simple effects."""


def exchange(one_shot: ArrayLike, final: ArrayLike, *, seed: int = 0) -> Exchange:
    """Split the difference of two settings into architectures and training.

    Args:
        one_shot: Architecture PSNRs of the one-shot study's architectures, shape ``(n, 2)``: each
            trained with the ``param_*`` of the one-shot study, and with those of the final.
        final: The same of the final study's architectures, in the same order of columns.
        seed: Of the bootstrap.

    Raises:
        ValueError: If a sample is not of shape ``(n, 2)`` with n ≥ 2, or not finite.
    """
    first, second = _pairs(one_shot), _pairs(final)
    random = np.random.default_rng(seed)
    resampled = [
        sample[resamples(len(sample), random)].mean(axis=1) for sample in (first, second)
    ]  # two of (resample, 2)
    n = min(len(first), len(second))

    def effect(from_first: tuple[float, float], from_second: tuple[float, float]) -> Estimate:
        weights = np.array(from_first), np.array(from_second)
        value = float(first.mean(axis=0) @ weights[0] + second.mean(axis=0) @ weights[1])
        spread = resampled[0] @ weights[0] + resampled[1] @ weights[1]
        return Estimate(value, *percentiles(spread), n)

    return Exchange(
        one_shot_one_shot=estimate(first[:, 0], "mean", seed=seed),
        one_shot_final=estimate(first[:, 1], "mean", seed=seed),
        final_one_shot=estimate(second[:, 0], "mean", seed=seed),
        final_final=estimate(second[:, 1], "mean", seed=seed),
        architectures=effect((-0.5, -0.5), (0.5, 0.5)),
        training=effect((-0.5, 0.5), (-0.5, 0.5)),
        interaction=effect((0.5, -0.5), (-0.5, 0.5)),
    )


def _pairs(values: ArrayLike) -> Floats:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 2 or sample.shape[1] != 2 or len(sample) < 2:
        raise ValueError(f"wanted at least two pairs, shape (n, 2), got shape {sample.shape}")
    if not np.isfinite(sample).all():
        raise ValueError("wanted finite PSNRs, got some that are not")
    return sample
