"""All that the comparison of a one-shot study with a final one shows, as figures.

The comparison of the re-runs itself is `results.comparison.sides`; this adds what each study would
have had at the other's cost, how the two scores agree, how well small budgets rank, how the
incumbents do on the other problem, and where the gain comes from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from results.analysis.cost import Anytime, Floats, Reached, anytime, at_each_others_cost
from results.analysis.fidelity import Ranking, rankings
from results.analysis.incumbent import reruns_of, reruns_of_incumbent
from results.comparison.sides import (
    Comparison,
    Summary,
    compare_frames,
    summary,
)
from results.frames.study import Frames
from results.stats.correlations import Correlations, correlations
from results.stats.estimates import Estimate, estimate
from results.stats.factorial import FactorialEffects, factorial_effects
from results.stats.probability_of_improvement import Contrast, contrast


@dataclass(frozen=True, slots=True)
class Crossed:
    """Both incumbents on another problem than the one they were found on."""

    problem: str
    one_shot: Summary
    final: Summary
    contrast: Contrast
    """Architecture PSNR of the final study's incumbent against the one-shot study's, there."""


@dataclass(frozen=True, slots=True)
class Early:
    """What the dearer study had found at the other's cost, re-run: not its last incumbent."""

    objective: Estimate
    """Mean of the PSNR that the study maximized, in dB."""
    architecture: Estimate
    """Mean architecture PSNR, in dB."""
    contrast: Contrast
    """Architecture PSNR at equal cost: the final study's against the one-shot study's."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Trials beyond a study's own: a frame each, with a column ``architecture_psnr``.

    An empty one stands for trials that were not run.
    """

    problem: str
    """The other problem."""
    crossed: tuple[pd.DataFrame, pd.DataFrame]
    """The incumbents on the other problem, the one-shot study's first."""
    exchanged: tuple[pd.DataFrame, pd.DataFrame]
    """The architectures of an incumbent's re-runs with the other's ``param_*``, the one-shot
    study's architectures first; a column ``index`` counts the re-runs, and ``architecture`` says
    what was trained."""


@dataclass(frozen=True, slots=True)
class Report:
    """A comparison and all that explains it; pairs are one-shot first."""

    comparison: Comparison
    at_the_others_cost: tuple[Reached, Reached]
    early: Early | None
    """None where the dearer study had its last incumbent at the other's cost, or nothing yet, or
    what it had was not re-run."""
    anytime: tuple[Anytime, Anytime] = field(repr=False)
    over_trials: Correlations | None
    """Over all retrained trials of the final study on its largest budget."""
    within: tuple[Correlations, Correlations]
    """Over the re-runs of each incumbent."""
    rankings: tuple[tuple[Ranking, ...], tuple[Ranking, ...]]
    crossed: Crossed | None
    """None where the incumbents were not run on another problem."""
    exchange: FactorialEffects | None
    """None where the architectures were not trained in the other way."""


def report(one_shot: Frames, final: Frames, runs: Runs | None = None, *, seed: int = 0) -> Report:
    """Compare two studies in every respect.

    Args:
        one_shot: The study that maximized the one-shot PSNR, with re-runs of its incumbent.
        final: The study that maximized the architecture PSNR, with those of its own.
        runs: The trials on the other problem, and those of exchanged architectures.
        seed: Of the bootstraps.

    Raises:
        StudyError: If the two cannot be compared.
        StoreError: If an incumbent has no re-runs.
    """
    comparison = compare_frames(one_shot, final, seed=seed)
    first, second = comparison.sides
    at_cost = at_each_others_cost(one_shot, final)
    return Report(
        comparison=comparison,
        at_the_others_cost=at_cost,
        early=_early((one_shot, final), comparison, at_cost, seed),
        anytime=(anytime(one_shot), anytime(final)),
        over_trials=_over_trials(final, seed),
        within=(
            correlations(first.one_shot_psnr, first.architecture_psnr, seed=seed),
            correlations(second.one_shot_psnr, second.architecture_psnr, seed=seed),
        ),
        rankings=(rankings(one_shot, seed=seed), rankings(final, seed=seed)),
        crossed=None if runs is None else _crossed(runs, seed),
        exchange=None if runs is None else _exchanged((one_shot, final), runs, seed),
    )


def _early(
    studies: Sequence[Frames], comparison: Comparison, at_cost: Sequence[Reached], seed: int
) -> Early | None:
    """Set what the dearer study had at the other's cost against the other's incumbent."""
    for place, (frames, at) in enumerate(zip(studies, at_cost, strict=True)):
        if at.incumbent is None or at.is_last:
            continue
        reruns = reruns_of(frames, at.incumbent)
        if len(reruns) < 2:
            return None
        scored = "one_shot_psnr" if frames.study.objective == "one-shot" else "architecture_psnr"
        psnrs = [side.architecture_psnr for side in comparison.sides]
        psnrs[place] = _psnrs(reruns)
        return Early(
            objective=estimate(reruns[scored], "mean", seed=seed),
            architecture=estimate(psnrs[place], "mean", seed=seed),
            contrast=contrast(psnrs[1], psnrs[0], seed=seed),
        )
    return None


def _over_trials(final: Frames, seed: int) -> Correlations | None:
    trials = final.trials[final.trials["purpose"] == "study"]
    full = trials[trials["epochs"] == trials["epochs"].max()]
    full = full[full["architecture_psnr"].notna()]
    if full.empty:
        return None
    return correlations(full["one_shot_psnr"], full["architecture_psnr"], seed=seed)


def _crossed(runs: Runs, seed: int) -> Crossed | None:
    one_shot, final = (_psnrs(trials) for trials in runs.crossed)
    if min(len(one_shot), len(final)) < 2:
        return None
    return Crossed(
        problem=runs.problem,
        one_shot=summary(one_shot, seed),
        final=summary(final, seed),
        contrast=contrast(final, one_shot, seed=seed),
    )


def _exchanged(studies: Sequence[Frames], runs: Runs, seed: int) -> FactorialEffects | None:
    """Pair each architecture's own training with that of the other incumbent."""
    paired = []
    for frames, exchanged in zip(studies, runs.exchanged, strict=True):
        own = reruns_of_incumbent(frames)
        pairs = own.merge(exchanged, left_index=True, right_on="index", suffixes=("", "_other"))
        # A re-run that was lost and came later moves those after it: then they are no pairs.
        pairs = pairs[pairs["architecture"] == pairs["architecture_other"]]
        columns = ["architecture_psnr", "architecture_psnr_other"]
        paired.append(pairs[columns].to_numpy(dtype=np.float64))
    if min(len(pairs) for pairs in paired) < 2:
        return None
    return factorial_effects(paired[0], paired[1][:, ::-1], seed=seed)


def _psnrs(trials: pd.DataFrame) -> Floats:
    return trials["architecture_psnr"].dropna().to_numpy(dtype=np.float64)
