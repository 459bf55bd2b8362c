"""What happens to α during searches: curves of the trials of each setting, with their scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from configspace.errors import StoreError
from configspace.names import counted, nearest
from results.frames.campaign import CampaignFrames
from results.frames.study import Frames
from results.stats.estimates import Floats

Plasticity = Literal["plasticity_sup", "plasticity_edge"]

_MOST: Final = 12
"""Largest number of settings that are shown together."""
_KEYS_OF_STUDY: Final = ["configuration", "epochs", "purpose", "part", "trial"]
_KEYS_OF_CAMPAIGN: Final = ["condition", "trial"]


@dataclass(frozen=True, slots=True, eq=False)
class SearchCurves:
    """Curves of the searches of one condition, or of a study on its largest budget."""

    name: str
    problem: str
    """Name of the inverse problem."""
    part: str
    """What a part of the network is: ``layer`` or ``cell``."""
    curves: pd.DataFrame
    """One row per trial and epoch of its search: the columns of the curves, ``run``, a number of
    the trial, and ``score``, its final score in dB (missing if it was not retrained)."""

    @property
    def trials(self) -> int:
        """Number of trials."""
        return int(self.curves["run"].nunique())

    def plasticity(self, column: Plasticity) -> tuple[Floats, Floats]:
        """Return the epochs, and the norms of α of each part in each trial.

        Returns:
            Epochs, shape ``(epoch,)``; norms, shape ``(trial, epoch, part)``, NaN after the end of
            a search that stopped before the others.
        """
        recorded = self.curves.dropna(subset=[column])
        values = np.array([text.split() for text in recorded[column]], dtype=np.float64)
        epochs = np.unique(recorded["epoch"])
        runs = recorded["run"].unique()
        norms = np.full((len(runs), len(epochs), values.shape[-1]), np.nan)
        places = np.searchsorted(epochs, recorded["epoch"])
        norms[pd.factorize(recorded["run"])[0], places] = values
        return epochs.astype(np.float64), norms


def of_study(frames: Frames, column: str) -> list[SearchCurves]:
    """Return the curves of a study on its largest budget, if any trial has the column.

    Args:
        frames: The study, with curves.
        column: Column of the curves to show.
    """
    largest = frames.curves["epochs"] == frames.curves["epochs"].max()
    joined = _joined(frames.curves[largest], frames.trials, _KEYS_OF_STUDY)
    found = SearchCurves(
        frames.study.name,
        frames.study.problem.name,
        _part(frames.study.architecture.space),
        joined,
    )
    return _checked([found], column, frames.study.name)


def of_campaign(
    frames: CampaignFrames, conditions: Sequence[str], column: str
) -> list[SearchCurves]:
    """Return the curves of the conditions of a campaign of which any trial has a column.

    Args:
        frames: The campaign, with curves.
        conditions: Names of conditions; empty: all that have the column.
        column: Column of the curves to show.

    Raises:
        StoreError: If a condition is unknown, none has the column, or too many have it.
    """
    known = {each.name: each for each in frames.campaign.conditions}
    for name in conditions:
        if name not in known:
            raise StoreError(
                f"expected a condition of campaign {frames.campaign.name!r}, got {name!r}",
                advice=f"its conditions: {nearest(name, list(known))}",
            )
    joined = _joined(frames.curves, frames.trials, _KEYS_OF_CAMPAIGN)
    found = [
        SearchCurves(
            name,
            each.problem.name,
            _part(each.architecture.space),
            joined[joined["condition"] == name],
        )
        for name, each in known.items()
        if name in (conditions or known)
    ]
    return _checked(found, column, frames.campaign.name)


def _joined(curves: pd.DataFrame, trials: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    searched = curves[curves["phase"] == "search"]
    scores = trials[[*keys, "architecture_psnr"]].rename(columns={"architecture_psnr": "score"})
    return searched.assign(run=searched.groupby(keys).ngroup()).merge(scores, on=keys, how="left")


def _checked(found: Sequence[SearchCurves], column: str, owner: str) -> list[SearchCurves]:
    shown = [one for one in found if one.curves[column].notna().any()]
    if not shown:
        asked = (
            'a search measures it with [evaluation] signals = ["eigenvalue"]'
            if column == "eigenvalue"
            else "searches record it since version 0.2.0"
        )
        raise StoreError(
            f"expected trials of {owner!r} with {column} in their curves, got none", advice=asked
        )
    if len(shown) > _MOST:
        raise StoreError(
            f"expected at most {counted(_MOST, 'condition')} in one figure, got {len(shown)}",
            advice=f"select some with --condition: {nearest('', [one.name for one in shown])}",
        )
    return shown


def _part(space: str) -> str:
    return "layer" if space == "sequential" else "cell"
