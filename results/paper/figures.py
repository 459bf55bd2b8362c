"""Figures 3 to 8 of the paper, drawn from the trials of campaigns."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from configspace.errors import StoreError
from results.frames.campaign import KEYS, distinct
from results.paper import labels
from results.paper.published import Setting
from results.plots.scatter import Group, Panel, scatter_figure
from results.plots.style import COLORS, MARKERS

FigureNumber = Literal[3, 4, 5, 6, 7, 8]


@dataclass(frozen=True, slots=True)
class _Shown:
    """Plan of one panel: the settings that it shows, and in what they differ."""

    title: str
    subtitle: str
    settings: tuple[Setting, ...]
    by: Literal["operations", "method"] = "operations"


def figure(number: FigureNumber, trials: pd.DataFrame, *, seed: int = 0) -> Figure:
    """Draw a figure of the paper with the trials of campaigns.

    Args:
        number: Number of the figure.
        trials: Trials of one or more campaigns, one row per trial.
        seed: Seed of the bootstrap of the correlations' intervals.

    Raises:
        StoreError: If no setting of the figure has a trial.
    """
    panels = panels_of(number, trials)
    if not any(len(panel.one_shot) for panel in panels):
        raise StoreError(
            f"expected trials of figure {number}'s settings, got none of "
            f"{', '.join(setting_names(number))}"
        )
    return scatter_figure(panels, columns=3 if number == 7 else 2, seed=seed)


def panels_of(number: FigureNumber, trials: pd.DataFrame) -> list[Panel]:
    """Return the panels of a figure; settings without trials are empty groups."""
    searched = distinct(trials)
    searched = searched[searched["one_shot_psnr"].notna()]
    by_setting = {keys: group for keys, group in searched.groupby(KEYS, sort=False) if len(group)}
    empty = searched.iloc[:0]
    panels = []
    for shown in _plan(number):
        parts = [
            by_setting.get(tuple(getattr(setting, key) for key in KEYS), empty)
            for setting in shown.settings
        ]
        runs = pd.concat(parts)
        owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        panels.append(
            Panel(
                title=shown.title,
                subtitle=shown.subtitle,
                one_shot=runs["one_shot_psnr"].to_numpy(dtype=np.float64),
                architecture=runs["architecture_psnr"].to_numpy(dtype=np.float64),
                groups=tuple(
                    Group(
                        members=owner == index,
                        color=COLORS[index],
                        marker=MARKERS[index],
                        label=_label(setting, shown),
                        correlated=True,
                    )
                    for index, setting in enumerate(shown.settings)
                ),
                line_label="all of them: Pearson",
            )
        )
    return panels


def setting_names(number: FigureNumber) -> list[str]:
    """Return the names of the settings of a figure."""
    settings = [setting for shown in _plan(number) for setting in shown.settings]
    return [
        f"{each.space} {each.problem} {each.operations} {each.method} {each.hyperparameters}"
        for each in dict.fromkeys(settings)
    ]


def _plan(number: FigureNumber) -> list[_Shown]:
    match number:
        case 3:
            return [_sets("blur", "H1"), _sets("downsampling", "H1")]
        case 4:
            return [
                _sets("blur", "BOHB-one-shot-Blur"),
                _sets("downsampling", "BOHB-one-shot-DS"),
                _sets("blur", "BOHB-Blur"),
                _sets("downsampling", "BOHB-Blur"),
            ]
        case 5:
            single = Setting("sequential", "all", "blur", "darts-single", "BOHB-DAS-single")
            return [
                _Shown(
                    "Tuned for DARTS-single",
                    "Blur, all ops., hyperparameters BOHB-DAS-single",
                    (replace(single, method="darts"), single),
                    "method",
                ),
                _Shown(
                    "Each with its own",
                    "Blur, all ops., hyperparameters tuned for each method",
                    (
                        replace(single, method="darts", hyperparameters="BOHB-one-shot-Blur"),
                        single,
                    ),
                    "method",
                ),
            ]
        case 6:
            return [_sets("blur", name, "cell") for name in ("H1", "H2")]
        case 7:
            tuned = ("BOHB-one-shot-Blur", "BOHB-one-shot-DS", "BOHB-Blur")
            return [_sets("blur", name, "cell") for name in tuned]
        case 8:
            in_cells = ("BOHB-Non-Seq-one-shot-Blur", "BOHB-Non-Seq-Blur")
            return [_sets("blur", name, "cell") for name in in_cells]


def _sets(problem: str, hyperparameters: str, space: str = "sequential") -> _Shown:
    """Return a panel of DARTS with both sets of operations."""
    where = "" if space == "sequential" else f", {labels.SPACES[space]} space"
    return _Shown(
        f"{labels.problem(problem)}{where}",
        f"hyperparameters {hyperparameters}",
        tuple(
            Setting(space, operations, problem, "darts", hyperparameters)
            for operations in ("good", "all")
        ),
    )


def _label(setting: Setting, shown: _Shown) -> str:
    if shown.by == "operations":
        return labels.operation_set(setting.operations)
    names = {each.hyperparameters for each in shown.settings}
    method = labels.method(setting.method)
    return method if len(names) == 1 else f"{method}, {setting.hyperparameters}"
