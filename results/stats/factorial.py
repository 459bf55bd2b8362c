"""Source of a gain, as a 2 × 2 factorial design: architectures × training hyperparameters.

The two factors are the architectures that the re-runs of an incumbent found, and the ``param_*``
hyperparameters with which the weights are trained. Both have two levels: those of a final study,
and those of another study, such as a one-shot study. Each architecture was retrained with the
``param_*`` of its own incumbent; for this design it is trained once more, from a fresh seed, with
the ``param_*`` of the other incumbent. The training is a within-subject factor, since each
architecture is trained with both. The architectures are a between-subject factor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from results.stats.estimates import LEVEL, Estimate, Floats, estimate
from results.stats.randomization import difference_of_means, mean_of_differences


@dataclass(frozen=True, slots=True)
class FactorialEffects:
    """Four means of a 2 × 2 design and the effects of its factors, as architecture PSNRs in dB.

    The name of a mean gives the level of the architectures, then the level of the training. A main
    effect is final minus other, averaged over both levels of the other factor. The sum of both
    main effects is ``final_final`` minus ``other_other``. The intervals of the effects are
    those of randomization tests, see `results.stats.randomization`: for the architectures and the
    interaction, any architecture may belong to either study; for the training, the two trainings
    of an architecture may be exchanged.
    """

    other_other: Estimate
    """Mean of the other study's architectures, trained with its ``param_*``."""
    other_final: Estimate
    """Mean of the other study's architectures, trained with the final study's ``param_*``."""
    final_other: Estimate
    """Mean of the final study's architectures, trained with the other study's ``param_*``."""
    final_final: Estimate
    """Mean of the final study's architectures, trained with its ``param_*``."""
    architecture_effect: Estimate
    """Main effect of the architectures."""
    training_effect: Estimate
    """Main effect of the ``param_*``."""
    interaction: Estimate
    """Half the difference of the simple effects of the training: final minus other
    architectures. Positive if the final ``param_*`` improve the final architectures more."""


def factorial_effects(
    other: ArrayLike, final: ArrayLike, *, level: float = LEVEL, seed: int = 0
) -> FactorialEffects:
    """Split the difference of two settings into effects of architectures and of training.

    Args:
        other: Architecture PSNRs in dB of the other study's architectures, shape ``(n, 2)``.
            Column 0: trained with the ``param_*`` of the other study. Column 1: trained with
            those of the final study.
        final: Architecture PSNRs in dB of the final study's architectures, shape ``(m, 2)``, with
            the same order of columns.
        level: Coverage of the intervals of the effects.
        seed: Seed of the bootstraps and of the tests.

    Raises:
        ValueError: If a sample has another shape, fewer than two rows, or values that are not
            finite.
    """
    first, second = _pairs(other), _pairs(final)
    gains = [sample[:, 1] - sample[:, 0] for sample in (first, second)]
    return FactorialEffects(
        other_other=estimate(first[:, 0], "mean", seed=seed),
        other_final=estimate(first[:, 1], "mean", seed=seed),
        final_other=estimate(second[:, 0], "mean", seed=seed),
        final_final=estimate(second[:, 1], "mean", seed=seed),
        architecture_effect=difference_of_means(
            second.mean(axis=1), first.mean(axis=1), level=level, seed=seed
        ),
        training_effect=mean_of_differences(gains, level=level, seed=seed),
        interaction=difference_of_means(gains[1] / 2, gains[0] / 2, level=level, seed=seed),
    )


def _pairs(values: ArrayLike) -> Floats:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 2 or sample.shape[1] != 2 or len(sample) < 2:
        raise ValueError(
            f"expected pairs of PSNRs, shape (n, 2) with n ≥ 2, got shape {sample.shape}"
        )
    if not np.isfinite(sample).all():
        raise ValueError("expected finite PSNRs, got NaN or infinity")
    return sample
