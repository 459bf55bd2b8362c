"""Architectures to draw: supernets, and the best ones of a study or of a campaign."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from configspace.architecture import ArchitectureSettings
from configspace.errors import StoreError
from configspace.names import nearest
from configspace.operations import OPERATIONS, ZERO
from results.analysis.incumbent import incumbent_of
from results.frames.campaign import distinct
from results.frames.study import Frames
from results.paper import labels
from results.plots.architecture import Drawing
from results.text import number_text

_PAPER: Final = ArchitectureSettings()
"""Settings of the paper, for conditions of which only the trials are known."""

_MOST: Final = 8
"""Maximum number of architectures in one figure."""


def supernet(number: int) -> list[Drawing]:
    """Return the drawing of Figure 1 (sequential space) or of the top of Figure 2 (a cell)."""
    text = "each edge is a mixture of all four operations"
    if number == 1:
        return [
            Drawing(
                "Sequential space", f"{text}; the input is added at the end", (OPERATIONS,) * 10
            )
        ]
    return [Drawing("A cell of the cell space", f"{text} and of zero", (OPERATIONS,) * 15, 1)]


def found_by_study(frames: Frames) -> Drawing:
    """Return the best architecture that the incumbent of a study found, re-runs included.

    Raises:
        StoreError: If no evaluation has finished.
    """
    best = incumbent_of(frames)
    runs = frames.trials[
        (frames.trials["configuration"] == str(best.configuration))
        & (frames.trials["epochs"] == best.epochs)
    ]
    return _best(
        runs,
        frames.study.architecture,
        f"{frames.study.name}, {labels.problem(frames.study.problem.name)}",
        f"incumbent {best.configuration}",
    )


def found_by_campaign(
    trials: pd.DataFrame,
    conditions: Sequence[str] = (),
    settings: Mapping[str, ArchitectureSettings] | None = None,
) -> list[Drawing]:
    """Return the best architecture of each condition of a campaign.

    Args:
        trials: Trials of the campaign, one row per trial.
        conditions: Names of conditions; empty: all conditions that search.
        settings: Architecture settings of the conditions by name; the default is the paper's.

    Raises:
        StoreError: If a condition is unknown or has no trial yet, or if there are too many
            conditions for one figure.
    """
    done = distinct(trials)
    searched = done[done["one_shot_psnr"].notna()]
    known = list(dict.fromkeys(done["condition"]))
    names = list(conditions) or list(dict.fromkeys(searched["condition"]))
    for name in names:
        if name not in known:
            raise StoreError(
                f"expected a condition with trials in the store, got {name!r}",
                advice=f"conditions with trials: {nearest(name, known) or 'none yet'}",
            )
    if not names:
        raise StoreError("expected trials that searched an architecture, got none in this campaign")
    if len(names) > _MOST:
        raise StoreError(
            f"expected at most {_MOST} conditions in one figure, got {len(names)}",
            advice=f"select some with --condition: {nearest('', names)}",
        )
    known_settings = settings or {}
    return [
        _of_condition(done[done["condition"] == name], known_settings.get(name, _PAPER))
        for name in names
    ]


def figure_9(trials: pd.DataFrame) -> list[Drawing]:
    """Return the drawings of Figure 9: H1 on blur in the cell space, both sets of operations.

    Raises:
        StoreError: If these settings have no trial.
    """
    done = distinct(trials)
    selected = done[
        (done["space"] == "cell")
        & (done["problem"] == "blur")
        & (done["method"] == "darts")
        & (done["hyperparameters"] == "H1")
    ]
    parts = [selected[selected["operations"] == operations] for operations in ("all", "good")]
    found = [_of_condition(part, _PAPER) for part in parts if len(part)]
    if not found:
        raise StoreError("expected trials of DARTS with H1 on blur in the cell space, got none")
    return found


def _of_condition(runs: pd.DataFrame, settings: ArchitectureSettings) -> Drawing:
    one = runs.iloc[0]
    return _best(
        runs,
        settings.model_copy(update={"space": one["space"]}),
        f"{labels.problem(one['problem'])}, {labels.operation_set(one['operations'])}",
        f"{labels.method(one['method'])}, {one['hyperparameters']}",
    )


def _best(runs: pd.DataFrame, settings: ArchitectureSettings, title: str, subtitle: str) -> Drawing:
    """Return the best trial: by architecture PSNR, or by one-shot PSNR if there is no other."""
    final = runs["architecture_psnr"].notna().any()
    column = "architecture_psnr" if final else "one_shot_psnr"
    best = runs.sort_values(column, ascending=False).iloc[0]
    score = "architecture" if final else "one-shot"
    names = str(best["architecture"]).split()
    zeros = f", {names.count(ZERO)} of {len(names)} edges zero"
    in_cells = settings.space == "cell"
    return Drawing(
        title=title,
        subtitle=f"{subtitle}: {score} PSNR {number_text(float(best[column]))} dB, best of "
        f"n = {len(runs)}{zeros if in_cells else ''}",
        edges=tuple((name,) for name in names),
        cells=settings.cells if in_cells else 0,
    )
