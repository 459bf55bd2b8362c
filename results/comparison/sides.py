"""One-shot against final: what the incumbents of two studies do when run again.

Both incumbents were picked as the best of many noisy evaluations. Here each is judged by re-runs
on fresh seeds, always retrained, whatever its study had looked at.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from configspace.errors import StoreError, StudyError
from configspace.study import Study
from results.analysis.cost import Cost, cost
from results.analysis.incumbent import Effort, Incumbent, effort, incumbent_of, reruns_of_incumbent
from results.frames.study import Frames, load
from results.stats.correlations import correlation
from results.stats.estimates import Estimate, difference_of_means, estimate
from results.stats.probability_of_improvement import (
    ProbabilityOfImprovement,
    probability_of_improvement,
)
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
    """One study, its incumbent, and the incumbent's re-runs."""

    incumbent: Incumbent
    effort: Effort
    cost: Cost
    one_shot_psnr: Floats = field(repr=False)
    """Of each re-run, in dB."""
    architecture_psnr: Floats = field(repr=False)
    """Of each re-run, in the same order."""
    one_shot: Summary
    architecture: Summary
    correlation: Estimate
    """Pearson's, between the two PSNRs of the re-runs."""
    curse: WinnersCurse
    """The incumbent's observed score beside the re-runs, in the PSNR that its study maximized."""

    @property
    def study(self) -> Study:
        """The study's settings."""
        return self.incumbent.study

    @property
    def n(self) -> int:
        """How many re-runs there are."""
        return len(self.architecture_psnr)

    @property
    def objective_mean(self) -> Estimate:
        """The mean over the re-runs of the PSNR that the study maximized."""
        return (self.one_shot if self.study.objective == "one-shot" else self.architecture).mean

    @property
    def gap(self) -> Estimate:
        """The incumbent's observed score minus that mean, in dB, with that mean's interval."""
        observed, mean = self.incumbent.psnr, self.objective_mean
        return Estimate(observed - mean.value, observed - mean.high, observed - mean.low, mean.n)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A one-shot study next to a final one."""

    one_shot: Side
    final: Side
    gain: Estimate
    """Mean architecture PSNR of the final study's incumbent minus the one-shot study's, in dB."""
    superiority: ProbabilityOfImprovement
    """Of one run of the final study's incumbent over one of the one-shot study's, in architecture
    PSNR."""

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both studies, one-shot first."""
        return self.one_shot, self.final

    @property
    def same_incumbent(self) -> bool:
        """Whether both studies found the same values, searched for as many epochs.

        Their re-runs are then samples of one thing: from equal seeds even the same sample.
        """
        one, other = self.one_shot.incumbent, self.final.incumbent
        return (one.hyperparameters, one.epochs) == (other.hyperparameters, other.epochs)


def check_comparable(one_shot: Study, final: Study) -> None:
    """Check that two studies differ in their objective, and solve the same task.

    Raises:
        StudyError: If the objectives are not ``one-shot`` and ``final``, in this order, or the
            problem, the architecture or the search differ; names the keys.
    """
    objectives = (one_shot.objective, final.objective)
    if objectives != ("one-shot", "final"):
        swapped = " (name them the other way round)" if objectives == ("final", "one-shot") else ""
        raise StudyError(
            f"wanted a study with objective 'one-shot' and one with 'final', got {one_shot.name!r} "
            f"with {objectives[0]!r} and {final.name!r} with {objectives[1]!r}{swapped}"
        )
    sections = ("problem.", "architecture.", "search.")
    differences = [one for one in one_shot.differences(final) if one.key.startswith(sections)]
    if differences:
        told = "; ".join(
            one.text(f"in {one_shot.name!r}", f"in {final.name!r}") for one in differences
        )
        raise StudyError(
            f"{one_shot.name!r} and {final.name!r} cannot be compared, their tasks differ: {told}"
        )


def compare(url: str, one_shot_study: str, final_study: str, *, seed: int = 0) -> Comparison:
    """Compare two studies by the re-runs of their incumbents.

    Args:
        url: Where the store is, such as ``sqlite:///dartboard.db``.
        one_shot_study: Name of the study that maximized the one-shot PSNR.
        final_study: Name of the study that maximized the architecture PSNR.
        seed: Of the bootstrap.

    Raises:
        StudyError: If the two cannot be compared; see `check_comparable`.
        StoreError: If the store cannot be read, lacks a study, or an incumbent has no re-runs.
    """
    frames = [load(url, name, with_curves=False) for name in (one_shot_study, final_study)]
    return compare_frames(*frames, seed=seed)


def compare_frames(one_shot_frames: Frames, final_frames: Frames, *, seed: int = 0) -> Comparison:
    """Compare two studies that are loaded; see `compare`."""
    check_comparable(one_shot_frames.study, final_frames.study)
    one_shot, final = (_side(each, seed) for each in (one_shot_frames, final_frames))
    mine, theirs = final.architecture_psnr, one_shot.architecture_psnr
    return Comparison(
        one_shot=one_shot,
        final=final,
        gain=difference_of_means(mine, theirs, seed=seed),
        superiority=probability_of_improvement(mine, theirs),
    )


def summary(psnrs: Floats, seed: int = 0) -> Summary:
    """Return best, mean and median of a sample.

    Args:
        psnrs: Shape ``(trial,)``, at least one.
        seed: Of the bootstrap.
    """
    return Summary(
        best=float(psnrs.max()),
        mean=estimate(psnrs, "mean", seed=seed),
        median=estimate(psnrs, "median", seed=seed),
    )


def _side(frames: Frames, seed: int) -> Side:
    best, reruns = incumbent_of(frames), reruns_of_incumbent(frames)
    if reruns.empty:
        raise StoreError(
            f"study {frames.study.name!r}: its incumbent {best.configuration} has no re-runs on "
            f"{best.epochs} epochs; 'dartboard compare' runs them"
        )
    one_shot, architecture = (
        reruns[name].to_numpy(dtype=np.float64) for name in ("one_shot_psnr", "architecture_psnr")
    )
    limits = frames.study.evaluation
    return Side(
        incumbent=best,
        effort=effort(frames),
        cost=cost(frames),
        one_shot_psnr=one_shot,
        architecture_psnr=architecture,
        one_shot=summary(one_shot, seed),
        architecture=summary(architecture, seed),
        correlation=correlation(one_shot, architecture, seed=seed),
        curse=winners_curse(
            best.psnr,
            one_shot if frames.study.objective == "one-shot" else architecture,
            trials=limits.trials,
            aggregate=limits.aggregate,
            seed=seed,
        ),
    )
