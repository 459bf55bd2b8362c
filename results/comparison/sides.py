"""Comparison of a one-shot study with a final study by the re-runs of their incumbents.

Both incumbents were picked as the best of many noisy evaluations. Here each is judged by re-runs on
fresh seeds, which are always retrained, whatever the objective of the study.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from configspace.errors import StoreError, StudyError
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
from results.frames.study import Frames, load
from results.stats.correlations import correlation
from results.stats.estimates import Estimate, estimate
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
    correlation: Estimate
    """Pearson's correlation of both PSNRs over the re-runs."""
    curse: WinnersCurse
    """Observed score of the incumbent against the re-runs, in the PSNR that its study maximized."""

    @property
    def study(self) -> Study:
        """Settings of the study."""
        return self.incumbent.study

    @property
    def n(self) -> int:
        """Number of re-runs."""
        return len(self.architecture_psnr)

    @property
    def objective_mean(self) -> Estimate:
        """Mean over the re-runs of the PSNR that the study maximized, in dB."""
        return (self.one_shot if self.study.objective == "one-shot" else self.architecture).mean

    @property
    def gap(self) -> Estimate:
        """Observed score of the incumbent minus `objective_mean`, in dB, with its interval."""
        observed, mean = self.incumbent.score, self.objective_mean
        return Estimate(observed - mean.value, observed - mean.high, observed - mean.low, mean.n)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A one-shot study and a final study, side by side."""

    one_shot: Side
    final: Side
    gain: Estimate
    """Mean architecture PSNR of the final study's incumbent minus the one-shot study's, in dB."""
    improvement: ProbabilityOfImprovement
    """Probability that one run of the final study's incumbent has a higher architecture PSNR than
    one run of the one-shot study's; a crashed run counts as the lowest."""

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both studies, the one-shot study first."""
        return self.one_shot, self.final

    @property
    def same_incumbent(self) -> bool:
        """Whether both incumbents have the same hyperparameters and the same epochs.

        Their re-runs are then samples of one distribution; with equal seeds, the same sample.
        """
        one, other = self.one_shot.incumbent, self.final.incumbent
        return (one.hyperparameters, one.epochs) == (other.hyperparameters, other.epochs)


def check_comparable(one_shot: Study, final: Study) -> None:
    """Check that two studies differ in their objective and solve the same task.

    Raises:
        StudyError: If the objectives are not ``one-shot`` and ``final``, in this order, or if the
            problem, the architecture or the search differ. The error names the keys.
    """
    objectives = (one_shot.objective, final.objective)
    if objectives != ("one-shot", "final"):
        swapped = objectives == ("final", "one-shot")
        raise StudyError(
            "expected a study with objective 'one-shot' and one with 'final', got "
            f"{one_shot.name!r} with {objectives[0]!r} and {final.name!r} with {objectives[1]!r}",
            advice="name them in the other order" if swapped else "",
        )
    sections = ("problem.", "architecture.", "search.")
    differences = [one for one in one_shot.differences(final) if one.key.startswith(sections)]
    if differences:
        listed = "; ".join(
            one.text(f"in {one_shot.name!r}", f"in {final.name!r}") for one in differences
        )
        raise StudyError(
            f"expected studies of the same task, got {one_shot.name!r} and {final.name!r}, which "
            f"differ in {listed}"
        )


def compare(url: str, one_shot_study: str, final_study: str, *, seed: int = 0) -> Comparison:
    """Compare two studies by the re-runs of their incumbents.

    Args:
        url: Address of the store, such as ``sqlite:///dartboard.db``.
        one_shot_study: Name of the study that maximized the one-shot PSNR.
        final_study: Name of the study that maximized the architecture PSNR.
        seed: Seed of the bootstrap.

    Raises:
        StudyError: If the studies are not comparable; see `check_comparable`.
        StoreError: If the store cannot be read, does not have a study, or an incumbent has no
            re-runs.
    """
    frames = [load(url, name, with_curves=False) for name in (one_shot_study, final_study)]
    return compare_frames(*frames, seed=seed)


def compare_frames(one_shot_frames: Frames, final_frames: Frames, *, seed: int = 0) -> Comparison:
    """Compare two loaded studies; see `compare`."""
    check_comparable(one_shot_frames.study, final_frames.study)
    one_shot, final = (_side(each, seed) for each in (one_shot_frames, final_frames))
    psnrs = final.architecture_psnr, one_shot.architecture_psnr
    return Comparison(
        one_shot=one_shot,
        final=final,
        gain=difference_of_means(*psnrs, seed=seed),
        improvement=probability_of_improvement(*psnrs, crashed=(final.crashed, one_shot.crashed)),
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


def _side(frames: Frames, seed: int) -> Side:
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
    limits = frames.study.evaluation
    return Side(
        incumbent=best,
        effort=effort(frames),
        cost=cost(frames),
        one_shot_psnr=one_shot,
        architecture_psnr=architecture,
        crashed=crashed_reruns(frames, best),
        one_shot=summary(one_shot, seed),
        architecture=summary(architecture, seed),
        correlation=correlation(one_shot, architecture, seed=seed),
        curse=winners_curse(
            best.score,
            one_shot if frames.study.objective == "one-shot" else architecture,
            trials=limits.trials,
            aggregate=limits.aggregate,
            seed=seed,
        ),
    )
