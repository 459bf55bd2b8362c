"""Comparison of studies with a final study by the re-runs of their incumbents.

Each incumbent was picked as the best of many noisy evaluations. Here each is judged by re-runs on
fresh seeds, which are always retrained, whatever the objective of the study.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from configspace.errors import StoreError
from configspace.signals import Signal, signal_of
from configspace.study import Study
from results.analysis.cost import Cost, cost
from results.analysis.incumbent import (
    Effort,
    Incumbent,
    crashed_reruns,
    effort,
    incumbent_of,
    reruns_of_incumbent,
)
from results.comparison.studies import in_order, labels
from results.frames.study import Frames, load
from results.stats.correlations import correlation
from results.stats.estimates import LEVEL, Estimate, estimate
from results.stats.probability_of_improvement import (
    ProbabilityOfImprovement,
    probability_of_improvement,
)
from results.stats.randomization import difference_of_means
from results.stats.winners_curse import WinnersCurse, winners_curse

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Summary:
    """Best, mean and median of a sample of PSNRs, in dB."""

    best: float
    mean: Estimate
    median: Estimate


@dataclass(frozen=True, slots=True)
class Side:
    """One study, its incumbent, and the re-runs of its incumbent."""

    label: str
    """What the text calls the study; see `labels`."""
    incumbent: Incumbent
    effort: Effort
    cost: Cost
    one_shot_psnr: Floats = field(repr=False)
    """One-shot PSNR of each re-run, in dB; shape ``(trial,)``."""
    architecture_psnr: Floats = field(repr=False)
    """Architecture PSNR of each re-run, in dB, in the same order."""
    crashed: int
    """Number of re-runs that have no score, because they crashed."""
    one_shot: Summary
    architecture: Summary
    objective_mean: Estimate
    """Mean over the re-runs of what the study was tuned on, in its unit."""
    correlation: Estimate
    """Pearson's correlation of both PSNRs over the re-runs."""
    curse: WinnersCurse
    """Observed score of the incumbent against the re-runs, in what its study was tuned on; negated
    if low values are good."""

    @property
    def study(self) -> Study:
        """Settings of the study."""
        return self.incumbent.study

    @property
    def n(self) -> int:
        """Number of re-runs."""
        return len(self.architecture_psnr)

    @property
    def signal(self) -> Signal:
        """What the study was tuned on."""
        return signal_of(self.study.objective)

    @property
    def gap(self) -> Estimate:
        """Observed score of the incumbent minus `objective_mean`, with its interval."""
        observed, mean = self.incumbent.score, self.objective_mean
        return Estimate(observed - mean.value, observed - mean.high, observed - mean.low, mean.n)


@dataclass(frozen=True, slots=True)
class Versus:
    """One study against the reference, by the re-runs of both incumbents."""

    other: Side
    reference: Side
    gain: Estimate
    """Mean architecture PSNR of the reference's incumbent minus the other's, in dB."""
    improvement: ProbabilityOfImprovement
    """Probability that one run of the reference's incumbent has a higher architecture PSNR than
    one run of the other's; a crashed run counts as the lowest."""
    level: float = LEVEL
    """Coverage of both intervals; see `Comparison.level`."""

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both studies, the reference last."""
        return self.other, self.reference

    @property
    def same_incumbent(self) -> bool:
        """Whether both incumbents have the same hyperparameters, search and epochs.

        Their re-runs are then samples of one distribution; with equal seeds, the same sample.
        """
        return self.other.incumbent.setting == self.reference.incumbent.setting


@dataclass(frozen=True, slots=True)
class Comparison:
    """Studies against a final study, the reference."""

    versus: tuple[Versus, ...]
    """Each other study against the reference, in the order in which they were named."""

    @property
    def reference(self) -> Side:
        """The final study."""
        return self.versus[0].reference

    @property
    def others(self) -> tuple[Side, ...]:
        """The studies that are compared with the reference."""
        return tuple(each.other for each in self.versus)

    @property
    def sides(self) -> tuple[Side, ...]:
        """All studies, the reference last."""
        return *self.others, self.reference

    @property
    def level(self) -> float:
        """Coverage of the intervals against the reference; see `simultaneous_level`."""
        return simultaneous_level(len(self.versus))


def simultaneous_level(others: int) -> float:
    """Return the coverage of an interval against the reference, by Bonferroni's correction.

    A question is asked about each of the other studies. If the intervals have this coverage, at
    most 5% of comparisons have one that is wrong.

    Args:
        others: Number of studies that are compared with the reference.
    """
    return 1 - (1 - LEVEL) / others


def compare(url: str, *names: str, seed: int = 0) -> Comparison:
    """Compare studies with a final study by the re-runs of their incumbents.

    Args:
        url: Address of the store, such as ``sqlite:///dartboard.db``.
        *names: Names of two or more studies. One of them maximized the architecture PSNR; it is the
            reference.
        seed: Seed of the bootstrap.

    Raises:
        StudyError: If the studies are not comparable; see `check_comparable`.
        StoreError: If the store cannot be read, does not have a study, or an incumbent has no
            re-runs.
    """
    return compare_frames([load(url, name, with_curves=False) for name in names], seed=seed)


def compare_frames(studies: Sequence[Frames], *, seed: int = 0) -> Comparison:
    """Compare loaded studies; see `compare`."""
    ordered = reference_last(studies)
    names = labels([frames.study for frames in ordered])
    *others, reference = (
        _side(frames, label, seed) for frames, label in zip(ordered, names, strict=True)
    )
    level = simultaneous_level(len(others))
    return Comparison(tuple(_versus(other, reference, level, seed) for other in others))


def reference_last(studies: Sequence[Frames]) -> list[Frames]:
    """Return loaded studies in the order of a comparison: as given, but the reference last.

    Raises:
        StudyError: If the studies are not comparable; see `check_comparable`.
    """
    by_name = {frames.study.name: frames for frames in studies}
    return [by_name[study.name] for study in in_order([frames.study for frames in studies])]


def _versus(other: Side, reference: Side, level: float, seed: int) -> Versus:
    psnrs = reference.architecture_psnr, other.architecture_psnr
    crashed = reference.crashed, other.crashed
    return Versus(
        other=other,
        reference=reference,
        gain=difference_of_means(*psnrs, level=level, seed=seed),
        improvement=probability_of_improvement(*psnrs, crashed=crashed, level=level),
        level=level,
    )


def summary(psnrs: Floats, seed: int = 0) -> Summary:
    """Return best, mean and median of a sample.

    Args:
        psnrs: PSNRs in dB, shape ``(trial,)``; at least one.
        seed: Seed of the bootstrap.
    """
    return Summary(
        best=float(psnrs.max()),
        mean=estimate(psnrs, "mean", seed=seed),
        median=estimate(psnrs, "median", seed=seed),
    )


def _side(frames: Frames, label: str, seed: int) -> Side:
    best, reruns = incumbent_of(frames), reruns_of_incumbent(frames)
    if reruns.empty:
        raise StoreError(
            f"expected re-runs of the incumbent of study {frames.study.name!r}, got none of "
            f"{best.configuration} on {best.epochs} epochs",
            advice="run 'dartboard compare'",
        )
    one_shot, architecture = (
        reruns[name].to_numpy(dtype=np.float64) for name in ("one_shot_psnr", "architecture_psnr")
    )
    signal, limits = signal_of(frames.study.objective), frames.study.evaluation
    values = reruns[signal.column].dropna().to_numpy(dtype=np.float64)
    return Side(
        label=label,
        incumbent=best,
        effort=effort(frames),
        cost=cost(frames),
        one_shot_psnr=one_shot,
        architecture_psnr=architecture,
        crashed=crashed_reruns(frames, best),
        one_shot=summary(one_shot, seed),
        architecture=summary(architecture, seed),
        objective_mean=estimate(values, "mean", seed=seed),
        correlation=correlation(one_shot, architecture, seed=seed),
        curse=winners_curse(
            signal.direction * best.score,
            signal.direction * values,
            trials=limits.trials,
            aggregate=limits.aggregate,
            seed=seed,
        ),
    )
