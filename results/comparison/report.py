"""All figures of the comparison of a one-shot study with a final study.

`results.comparison.sides` compares the re-runs. This module adds what each study had at the cost
of the other, how well the two scores agree, how well small budgets rank configurations, how the
incumbents do on the other problem, and where the gain comes from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from results.analysis.cost import Anytime, Floats, Reached, anytime, at_each_others_cost
from results.analysis.fidelity import Ranking, rankings
from results.analysis.incumbent import crashed_reruns, reruns_of, reruns_of_incumbent
from results.comparison.runs import ExtraTrials
from results.comparison.sides import Comparison, Summary, compare_frames, summary
from results.frames.study import Frames
from results.stats.correlations import Correlations, correlations
from results.stats.estimates import Estimate, estimate
from results.stats.factorial import FactorialEffects, factorial_effects
from results.stats.probability_of_improvement import Contrast, contrast


@dataclass(frozen=True, slots=True)
class Crossed:
    """Both incumbents on a problem other than the one on which they were found."""

    problem: str
    one_shot: Summary
    """Summary of the one-shot study's incumbent."""
    final: Summary
    """Summary of the final study's incumbent."""
    contrast: Contrast
    """Architecture PSNRs of the final study's incumbent against the one-shot study's."""
    crashed: tuple[int, int] = (0, 0)
    """Numbers of crashed runs of the one-shot study's incumbent and of the final study's."""


@dataclass(frozen=True, slots=True)
class EqualCost:
    """Re-runs of the best that the more expensive study had at the cost of the other study."""

    objective: Estimate
    """Mean of the PSNR that the study maximized, in dB."""
    architecture: Estimate
    """Mean architecture PSNR, in dB."""
    contrast: Contrast
    """Architecture PSNRs at equal cost: the final study against the one-shot study."""
    crashed: tuple[int, int] = (0, 0)
    """Numbers of re-runs that crashed, of the one-shot study's and of the final study's
    configuration."""


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """A comparison and everything that explains it; pairs have the one-shot study first."""

    comparison: Comparison
    at_the_others_cost: tuple[Reached, Reached]
    """What each study had found at the cost of the other."""
    equal_cost: EqualCost | None
    """Re-runs at equal cost. None if the more expensive study already had its last incumbent at
    the cost of the other, or nothing yet, or if what it had was not re-run."""
    anytime: tuple[Anytime, Anytime] = field(repr=False)
    """How the best observed score of each study rose with its cost."""
    over_configurations: Correlations | None
    """Correlations over the configurations of the final study on its largest budget, each with both
    scores aggregated over its trials as in the study."""
    within: tuple[Correlations, Correlations]
    """Correlations over the re-runs of each incumbent."""
    rankings: tuple[tuple[Ranking, ...], tuple[Ranking, ...]]
    """Agreement of each study's smaller budgets with its largest."""
    crossed: Crossed | None
    """None if the incumbents were not run on another problem."""
    exchange: FactorialEffects | None
    """None if no architectures were trained with the hyperparameters of the other incumbent."""


def comparison_report(
    one_shot: Frames, final: Frames, extra: ExtraTrials | None = None, *, seed: int = 0
) -> ComparisonReport:
    """Compare two studies in every respect.

    Args:
        one_shot: Study that maximized the one-shot PSNR, with re-runs of its incumbent.
        final: Study that maximized the architecture PSNR, with re-runs of its incumbent.
        extra: Trials on the other problem, and trials of exchanged architectures.
        seed: Seed of the bootstraps.

    Raises:
        StudyError: If the studies are not comparable; see `check_comparable`.
        StoreError: If an incumbent has no re-runs.
    """
    comparison = compare_frames(one_shot, final, seed=seed)
    first, second = comparison.sides
    at_cost = at_each_others_cost(one_shot, final)
    return ComparisonReport(
        comparison=comparison,
        at_the_others_cost=at_cost,
        equal_cost=_equal_cost((one_shot, final), comparison, at_cost, seed),
        anytime=(anytime(one_shot), anytime(final)),
        over_configurations=_over_configurations(final, seed),
        within=(
            correlations(first.one_shot_psnr, first.architecture_psnr, seed=seed),
            correlations(second.one_shot_psnr, second.architecture_psnr, seed=seed),
        ),
        rankings=(rankings(one_shot, seed=seed), rankings(final, seed=seed)),
        crossed=None if extra is None else _crossed(extra, seed),
        exchange=None if extra is None else _exchanged((one_shot, final), extra, seed),
    )


def _equal_cost(
    studies: Sequence[Frames], comparison: Comparison, at_cost: Sequence[Reached], seed: int
) -> EqualCost | None:
    """Compare what the more expensive study had at equal cost with the other's incumbent."""
    for place, (frames, at) in enumerate(zip(studies, at_cost, strict=True)):
        if at.incumbent is None or at.is_last:
            continue
        reruns = reruns_of(frames, at.incumbent)
        if reruns.empty:
            return None
        scored = "one_shot_psnr" if frames.study.objective == "one-shot" else "architecture_psnr"
        psnrs = [side.architecture_psnr for side in comparison.sides]
        psnrs[place] = _psnrs(reruns)
        crashed = [side.crashed for side in comparison.sides]
        crashed[place] = crashed_reruns(frames, at.incumbent)
        return EqualCost(
            objective=estimate(reruns[scored], "mean", seed=seed),
            architecture=estimate(psnrs[place], "mean", seed=seed),
            contrast=contrast(psnrs[1], psnrs[0], crashed=(crashed[1], crashed[0]), seed=seed),
            crashed=(crashed[0], crashed[1]),
        )
    return None


def _over_configurations(final: Frames, seed: int) -> Correlations | None:
    trials = final.trials[final.trials["purpose"] == "study"]
    full = trials[trials["epochs"] == trials["epochs"].max()]
    full = full[full["architecture_psnr"].notna()]
    if full.empty:
        return None
    # Trials of one configuration resemble each other, so they are not pairs of their own.
    scores = full.groupby("configuration", sort=False)[["one_shot_psnr", "architecture_psnr"]]
    pairs = scores.agg(final.study.evaluation.aggregate)
    return correlations(pairs["one_shot_psnr"], pairs["architecture_psnr"], seed=seed)


def _crossed(extra: ExtraTrials, seed: int) -> Crossed | None:
    one_shot, final = (_psnrs(trials) for trials in extra.crossed)
    if min(len(one_shot), len(final)) < 1:
        return None
    return Crossed(
        problem=extra.problem,
        one_shot=summary(one_shot, seed),
        final=summary(final, seed),
        contrast=contrast(final, one_shot, crashed=extra.crossed_crashed[::-1], seed=seed),
        crashed=extra.crossed_crashed,
    )


def _exchanged(studies: Sequence[Frames], extra: ExtraTrials, seed: int) -> FactorialEffects | None:
    """Pair the training of each architecture in its study with that of the other incumbent."""
    paired = []
    for frames, exchanged in zip(studies, extra.exchanged, strict=True):
        pairs = reruns_of_incumbent(frames).merge(
            exchanged, left_index=True, right_on="index", suffixes=("", "_other")
        )
        # A lost re-run that finishes later shifts the index of those after it. Rows of different
        # architectures are not pairs.
        pairs = pairs[pairs["architecture"] == pairs["architecture_other"]]
        columns = ["architecture_psnr", "architecture_psnr_other"]
        paired.append(pairs[columns].to_numpy(dtype=np.float64))
    if min(len(pairs) for pairs in paired) < 2:
        return None
    return factorial_effects(paired[0], paired[1][:, ::-1], seed=seed)


def _psnrs(trials: pd.DataFrame) -> Floats:
    return trials["architecture_psnr"].dropna().to_numpy(dtype=np.float64)
