"""Incumbents: the best configuration of a study, and the paper's Table 7 of several."""

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
from configspace.job import ConfigurationId
from configspace.study import Study
from results.frames.study import Frames


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The configuration with the smallest loss on the largest budget that has one."""

    study: Study
    configuration: ConfigurationId
    hyperparameters: Hyperparameters
    epochs: int
    loss: float
    """Minus the observed PSNR, in dB; the best of many, so better than a fresh run on average."""
    model_based: bool
    """Whether BOHB's model picked it, rather than chance."""

    @property
    def psnr(self) -> float:
        """The PSNR that made it the incumbent, in dB, aggregated over its trials."""
        return -self.loss


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of a study has been done; re-runs do not count."""

    configurations: int
    model_based: int
    """Configurations that BOHB's model picked."""
    finished: int
    """Evaluations that brought a loss."""
    crashed: int
    lost: int


def incumbent(frames: Frames) -> Incumbent | None:
    """Return a study's incumbent, or None while nothing has finished.

    Of equal losses, the one that was known first counts.
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
    """Return a study's incumbent.

    Raises:
        StoreError: If nothing has finished yet.
    """
    found = incumbent(frames)
    if found is None:
        raise StoreError(
            f"study {frames.study.name!r} has no incumbent: none of its evaluations has finished; "
            f"see 'dartboard status {frames.study.name}'"
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


def effort(frames: Frames) -> Effort:
    """Return how much of a study has been done."""
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
    """Return the paper's Table 7: a row a hyperparameter, a column a study.

    Args:
        incumbents: One of each study.

    Returns:
        ``Hyperparameter`` in the paper's words, ``Search range``, then a column a study with
        its values as they are (numbers, switches, levels). Studies that were searched in
        different ranges have a column for each range.
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
    """Write a domain as the paper does: ``[1e-05, 1]``, ``[True, False]``; a fixed one alone."""
    match domain:
        case Interval(low, high):
            return f"[{low:g}, {high:g}]"
        case Levels((value,)):
            return written(value)
        case Levels(values):
            return f"[{', '.join(written(value) for value in values)}]"


def _builtin(value: object) -> object:
    """Return a frame's value as Python's own type."""
    return value.item() if hasattr(value, "item") else value
