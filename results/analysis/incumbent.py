"""Incumbents: the best configuration of a study, its re-runs, and the paper's Table 7."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from configspace.errors import StoreError
from configspace.hyperparameters import (
    DOMAINS,
    LABELS,
    Domain,
    Hyperparameters,
    Interval,
    Levels,
    Value,
    written,
)
from configspace.job import ConfigurationId, single_part
from configspace.signals import signal_of
from configspace.study import Study
from results.frames.study import Frames


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The configuration with the smallest loss on the largest budget with a loss."""

    study: Study
    configuration: ConfigurationId
    hyperparameters: Hyperparameters
    epochs: int
    """Epochs of that budget."""
    loss: float
    """Observed loss, in the unit of the objective. It is the best of many, so on average better
    than that of a fresh run."""
    model_based: bool
    """Whether BOHB's model sampled it; false for a random configuration."""

    @property
    def score(self) -> float:
        """Observed value of the objective in its unit, aggregated over its trials."""
        return signal_of(self.study.objective).score_of(self.loss)

    @property
    def setting(self) -> tuple[object, ...]:
        """What decides the distribution of its re-runs, apart from the task."""
        return self.hyperparameters, self.epochs, self.study.search


@dataclass(frozen=True, slots=True)
class Effort:
    """Number of configurations and evaluations of a study; re-runs do not count."""

    configurations: int
    model_based: int
    """Configurations that BOHB's model sampled."""
    finished: int
    """Evaluations with a loss."""
    crashed: int
    """Evaluations that ended by a failure of the configuration."""
    lost: int
    """Evaluations that ended by failures of machines."""


def incumbent(frames: Frames) -> Incumbent | None:
    """Return the incumbent of a study, or None while no evaluation has finished.

    Among equal losses, the evaluation that ended first counts.
    """
    done = frames.evaluations.query("purpose == 'study' and state == 'finished'")
    if done.empty:
        return None
    largest = done[done["epochs"] == done["epochs"].max()]
    best = largest.sort_values(["loss", "ended_sequence"]).iloc[0]
    return Incumbent(
        study=frames.study,
        configuration=(int(best["iteration"]), int(best["rung"]), int(best["number"])),
        hyperparameters=Hyperparameters(**{name: _builtin(best[name]) for name in DOMAINS}),
        epochs=int(best["epochs"]),
        loss=float(best["loss"]),
        model_based=bool(best["model_based"]),
    )


def incumbent_of(frames: Frames) -> Incumbent:
    """Return the incumbent of a study.

    Raises:
        StoreError: If no evaluation has finished yet.
    """
    found = incumbent(frames)
    if found is None:
        raise StoreError(
            f"study {frames.study.name!r} has no incumbent: none of its evaluations has finished",
            advice=f"see 'dartboard status {frames.study.name}'",
        )
    return found


def reruns_of_incumbent(frames: Frames) -> pd.DataFrame:
    """Return the re-runs of a study's incumbent: one row per trial, in the order of their seeds.

    Raises:
        StoreError: If no evaluation has finished yet.
    """
    return reruns_of(frames, incumbent_of(frames))


def reruns_of(frames: Frames, found: Incumbent) -> pd.DataFrame:
    """Return the re-runs of a configuration that was an incumbent, in the order of their seeds.

    Re-runs without an architecture PSNR are left out.
    """
    reruns = frames.trials[
        (frames.trials["purpose"] == "rerun")
        & (frames.trials["configuration"] == str(found.configuration))
        & (frames.trials["epochs"] == found.epochs)
        & frames.trials["architecture_psnr"].notna()
    ]
    return reruns.sort_values(["part", "trial"], ignore_index=True)


def crashed_reruns(frames: Frames, found: Incumbent) -> int:
    """Return how many re-runs of a configuration have no score, because they crashed.

    The seeds of a crashed part run again one by one, so the part itself counts only for those of
    them that have not ended.
    """
    reruns = frames.evaluations[
        (frames.evaluations["purpose"] == "rerun")
        & (frames.evaluations["configuration"] == str(found.configuration))
        & (frames.evaluations["epochs"] == found.epochs)
    ]
    crashed = reruns["state"] == "crashed"
    alone = reruns["part"] >= single_part(0, 0)
    whole = ~alone & crashed
    again = alone & reruns["state"].isin(["finished", "crashed"])
    sizes = reruns["trials"].fillna(1)
    # A part of one seed does not run again.
    several = whole & (sizes > 1)
    missing = max(int(sizes[several].sum()) - int(again.sum()), 0)
    return missing + int((alone & crashed).sum()) + int((whole & ~several).sum())


def effort(frames: Frames) -> Effort:
    """Count the configurations and evaluations of a study."""
    of_study = frames.evaluations[frames.evaluations["purpose"] == "study"]
    states = of_study["state"].value_counts()
    return Effort(
        configurations=len(frames.configurations),
        model_based=int(frames.configurations["model_based"].sum()),
        finished=int(states.get("finished", 0)),
        crashed=int(states.get("crashed", 0)),
        lost=int(states.get("lost", 0)),
    )


def incumbents_table(incumbents: Sequence[Incumbent]) -> pd.DataFrame:
    """Return the paper's Table 7: one row per hyperparameter, one column per study.

    Args:
        incumbents: Incumbents of different studies.

    Returns:
        The columns ``Hyperparameter`` (in the paper's words), ``Search range``, and one per study
        with the values (float, bool or str). If the studies have different search ranges, each has
        a separate column ``Search range of STUDY``.
    """
    table: dict[str, list[Value]] = {"Hyperparameter": [LABELS[name] for name in DOMAINS]}
    ranges = [
        [search_range(domain) for domain in one.study.domains().values()] for one in incumbents
    ]
    if all(other == ranges[0] for other in ranges):
        table["Search range"] = list(ranges[0])
    else:
        for one, listed in zip(incumbents, ranges, strict=True):
            table[f"Search range of {one.study.name}"] = list(listed)
    for one in incumbents:
        table[one.study.name] = [getattr(one.hyperparameters, name) for name in DOMAINS]
    return pd.DataFrame({name: pd.Series(values, dtype="object") for name, values in table.items()})


def search_range(domain: Domain) -> str:
    """Return a domain as the paper writes it: ``[1e-05, 1]``, ``[True, False]``.

    A fixed hyperparameter is only its value.
    """
    match domain:
        case Interval(low, high):
            return f"[{low:g}, {high:g}]"
        case Levels((value,)):
            return written(value)
        case Levels(values):
            return f"[{', '.join(written(value) for value in values)}]"


def _builtin(value: object) -> object:
    """Return a value of a frame as a built-in type."""
    return value.item() if hasattr(value, "item") else value
