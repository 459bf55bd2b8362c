"""All figures of the comparison of studies with a final study, the reference.

`results.comparison.sides` compares the re-runs. This module adds what each study had at the cost
of the other of its pair, how well the scores agree, how well small budgets rank configurations, how
the incumbents do on the other problem, and where the gain comes from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from configspace.signals import FINAL, ONE_SHOT, Signal, signal_of
from results.analysis.cost import Anytime, Floats, Reached, anytime, at_each_others_cost
from results.analysis.fidelity import Ranking, rankings
from results.analysis.incumbent import crashed_reruns, reruns_of, reruns_of_incumbent
from results.comparison.runs import ExtraTrials, Pair, pairs_of
from results.comparison.sides import (
    Comparison,
    Side,
    Summary,
    Versus,
    compare_frames,
    reference_last,
    summary,
)
from results.frames.study import Frames
from results.stats.correlations import Correlations, correlations
from results.stats.estimates import Estimate, estimate
from results.stats.factorial import FactorialEffects, factorial_effects
from results.stats.probability_of_improvement import Contrast, contrast


@dataclass(frozen=True, slots=True)
class Crossed:
    """Both incumbents of a pair on a problem other than the one on which they were found."""

    problem: str
    other: Summary
    """Summary of the other study's incumbent."""
    reference: Summary
    """Summary of the reference's incumbent."""
    contrast: Contrast
    """Architecture PSNRs of the reference's incumbent against the other's."""
    crashed: tuple[int, int] = (0, 0)
    """Numbers of crashed runs of the other study's incumbent and of the reference's."""


@dataclass(frozen=True, slots=True)
class EqualCost:
    """Re-runs of the best that the more expensive study of a pair had at the cost of the other."""

    objective: Estimate
    """Mean of what the study was tuned on, in its unit."""
    architecture: Estimate
    """Mean architecture PSNR, in dB."""
    contrast: Contrast
    """Architecture PSNRs at equal cost: the reference against the other study."""
    crashed: tuple[int, int] = (0, 0)
    """Numbers of crashed re-runs of the other study's configuration and of the reference's."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """How well a signal agrees with the architecture PSNR.

    A signal of which low values are good counts with the opposite sign, so that the correlation is
    positive if it is a good stand-in.
    """

    signal: Signal
    over_configurations: Correlations | None
    """Correlations over the configurations of the final study on its largest budget, each with both
    scores aggregated over its trials as in the study. None if the study did not record it."""
    within: tuple[tuple[Side, Correlations], ...]
    """Correlations over the re-runs of each incumbent that recorded it."""


@dataclass(frozen=True, slots=True)
class PairReport:
    """What explains the comparison of one study with the reference, which is last in each tuple."""

    versus: Versus
    at_the_others_cost: tuple[Reached, Reached]
    """What each study had found at the cost of the other."""
    equal_cost: EqualCost | None
    """Re-runs at equal cost. None if the more expensive study already had its last incumbent at
    the cost of the other, or nothing yet, or if what it had was not re-run."""
    crossed: Crossed | None
    """None if the incumbents were not run on another problem."""
    exchange: FactorialEffects | None
    """None if no architectures were trained with the hyperparameters of the other incumbent."""


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """A comparison and everything that explains it; tuples have the reference last."""

    pairs: tuple[PairReport, ...]
    """Each study against the reference, in the order in which they were named."""
    anytime: tuple[Anytime, ...] = field(repr=False)
    """How the best observed score of each study rose with its cost."""
    one_shot: StandIn
    """How well the one-shot score agrees with the architecture PSNR, also within the re-runs of
    studies that were tuned on something else."""
    signals: tuple[StandIn, ...]
    """How well every other signal does that a study was tuned on."""
    rankings: tuple[tuple[Ranking, ...], ...]
    """Agreement of each study's smaller budgets with its largest."""

    @property
    def comparison(self) -> Comparison:
        """The comparison of the re-runs."""
        return Comparison(tuple(pair.versus for pair in self.pairs))


def comparison_report(
    studies: Sequence[Frames], extra: Sequence[ExtraTrials | None] = (), *, seed: int = 0
) -> ComparisonReport:
    """Compare studies with a final study in every respect.

    Args:
        studies: One study that maximized the architecture PSNR, and others; with re-runs of their
            incumbents.
        extra: Trials on the other problem and trials of exchanged architectures, of each pair; or
            none at all.
        seed: Seed of the bootstraps.

    Raises:
        StudyError: If the studies are not comparable; see `check_comparable`.
        StoreError: If an incumbent has no re-runs.
    """
    ordered = reference_last(studies)
    comparison = compare_frames(ordered, seed=seed)
    pairs = pairs_of(ordered)
    return ComparisonReport(
        pairs=tuple(
            _pair_report(pair, versus, more, seed)
            for pair, versus, more in zip(
                pairs, comparison.versus, extra or [None] * len(pairs), strict=True
            )
        ),
        anytime=tuple(anytime(frames) for frames in ordered),
        one_shot=_stand_in(ONE_SHOT, ordered, comparison.sides, seed),
        signals=_signals(ordered, comparison.sides, seed),
        rankings=tuple(rankings(frames, seed=seed) for frames in ordered),
    )


def _pair_report(pair: Pair, versus: Versus, extra: ExtraTrials | None, seed: int) -> PairReport:
    at_cost = at_each_others_cost(*pair)
    return PairReport(
        versus=versus,
        at_the_others_cost=at_cost,
        equal_cost=_equal_cost(pair, versus, at_cost, seed),
        crossed=None if extra is None else _crossed(extra, versus.level, seed),
        exchange=None if extra is None else _exchanged(pair, extra, versus.level, seed),
    )


def _equal_cost(
    pair: Pair, versus: Versus, at_cost: Sequence[Reached], seed: int
) -> EqualCost | None:
    """Compare what the more expensive study had at equal cost with the other's incumbent."""
    for place, (frames, at) in enumerate(zip(pair, at_cost, strict=True)):
        if at.incumbent is None or at.is_last:
            continue
        reruns = reruns_of(frames, at.incumbent)
        if reruns.empty:
            return None
        values = reruns[signal_of(frames.study.objective).column].dropna()
        psnrs = [side.architecture_psnr for side in versus.sides]
        psnrs[place] = _psnrs(reruns)
        crashed = [side.crashed for side in versus.sides]
        crashed[place] = crashed_reruns(frames, at.incumbent)
        return EqualCost(
            objective=estimate(values, "mean", seed=seed),
            architecture=estimate(psnrs[place], "mean", seed=seed),
            contrast=contrast(
                psnrs[1],
                psnrs[0],
                crashed=(crashed[1], crashed[0]),
                level=versus.level,
                seed=seed,
            ),
            crashed=(crashed[0], crashed[1]),
        )
    return None


def _signals(studies: Sequence[Frames], sides: Sequence[Side], seed: int) -> tuple[StandIn, ...]:
    """Return the stand-ins other than the one-shot score that the studies were tuned on."""
    found = []
    for signal in dict.fromkeys(side.signal for side in sides):
        if signal not in (ONE_SHOT, FINAL):
            places = [i for i, side in enumerate(sides) if side.signal in (signal, FINAL)]
            of_signal = [studies[i] for i in places], [sides[i] for i in places]
            found.append(_stand_in(signal, *of_signal, seed))
    return tuple(found)


def _stand_in(
    signal: Signal, studies: Sequence[Frames], sides: Sequence[Side], seed: int
) -> StandIn:
    """Return how well a signal agrees with the architecture PSNR, in some studies.

    Args:
        signal: The signal.
        studies: The studies, of which the last one is the reference.
        sides: The same studies with their re-runs.
        seed: Seed of the bootstrap.
    """
    reference = studies[-1]
    tried = reference.trials[reference.trials["purpose"] == "study"]
    full = _pairs(tried[tried["epochs"] == tried["epochs"].max()], signal)
    # Trials of one configuration resemble each other, so they are not pairs of their own.
    of_each = full.groupby("configuration", sort=False)[["signal", "final"]]
    over = of_each.agg(reference.study.evaluation.aggregate)
    within = [
        (side, _pairs(reruns_of_incumbent(frames), signal))
        for frames, side in zip(studies, sides, strict=True)
    ]
    return StandIn(
        signal=signal,
        over_configurations=None if over.empty else _correlations(over, seed),
        within=tuple((side, _correlations(pairs, seed)) for side, pairs in within if len(pairs)),
    )


def _pairs(trials: pd.DataFrame, signal: Signal) -> pd.DataFrame:
    """Return the trials that have both scores, high values of which are good."""
    pairs = pd.DataFrame(
        {
            "configuration": trials["configuration"],
            "signal": signal.direction * trials[signal.column],
            "final": trials[FINAL.column],
        }
    )
    return pairs.dropna()


def _correlations(pairs: pd.DataFrame, seed: int) -> Correlations:
    return correlations(pairs["signal"], pairs["final"], seed=seed)


def _crossed(extra: ExtraTrials, level: float, seed: int) -> Crossed | None:
    other, reference = (_psnrs(trials) for trials in extra.crossed)
    if min(len(other), len(reference)) < 1:
        return None
    crashed = extra.crossed_crashed[::-1]
    return Crossed(
        problem=extra.problem,
        other=summary(other, seed),
        reference=summary(reference, seed),
        contrast=contrast(reference, other, crashed=crashed, level=level, seed=seed),
        crashed=extra.crossed_crashed,
    )


def _exchanged(pair: Pair, extra: ExtraTrials, level: float, seed: int) -> FactorialEffects | None:
    """Pair the training of each architecture in its study with that of the other incumbent."""
    paired = []
    for frames, exchanged in zip(pair, extra.exchanged, strict=True):
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
    return factorial_effects(paired[0], paired[1][:, ::-1], level=level, seed=seed)


def _psnrs(trials: pd.DataFrame) -> Floats:
    return trials["architecture_psnr"].dropna().to_numpy(dtype=np.float64)
