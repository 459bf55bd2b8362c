"""Tables 7 and 8: the hyperparameters that the studies of dartboard and of the paper found."""

import math
from collections.abc import Mapping
from typing import Literal

import pandas as pd

from configspace.hyperparameters import DOMAINS, LABELS, Hyperparameters, written
from configspace.signals import signal_of
from results.analysis.incumbent import (
    Incumbent,
    effort,
    incumbent,
    reruns_of_incumbent,
    search_range,
)
from results.frames.study import Frames
from results.paper.sources import STUDIES
from results.stats.estimates import Estimate, estimate
from results.text import DASH, Grid, interval_text

SettingsNumber = Literal[7, 8]


def settings_grid(number: SettingsNumber, studies: Mapping[str, Frames]) -> Grid:
    """Return a table as text: one row per hyperparameter, one column per study.

    Args:
        number: Number of the table.
        studies: Studies of dartboard by the name of the paper's column that they repeat. Other
            studies come last, by their own names.
    """
    headings = ["Hyperparameter", "Search range"]
    labels = [*(LABELS[name] for name in DOMAINS), *_MORE]
    ranges = [*(search_range(domain) for domain in DOMAINS.values()), *("" for _ in _MORE)]
    columns: list[list[str]] = [labels, ranges]
    for name in dict.fromkeys([*STUDIES[number], *studies]):
        if name in STUDIES[number]:
            headings.append(f"{name}, paper")
            columns.append([*_values(Hyperparameters.preset(name)), *("" for _ in _MORE)])
        headings.append(
            f"dartboard ({studies[name].study.name})" if name in studies else "dartboard"
        )
        columns.append(_found(studies[name]) if name in studies else [DASH] * len(labels))
    rows = tuple(zip(*columns, strict=True))
    return Grid(tuple(headings), rows, (False,) * len(headings))


def settings_frame(number: SettingsNumber, studies: Mapping[str, Frames]) -> pd.DataFrame:
    """Return a table with the columns of the presets, one row per study of paper or dartboard."""
    rows: list[dict[str, object]] = []
    for name in dict.fromkeys([*STUDIES[number], *studies]):
        if name in STUDIES[number]:
            preset = Hyperparameters.preset(name)
            rows.append({"name": name, **preset.model_dump(), "source": "paper"})
        found = incumbent(studies[name]) if name in studies else None
        if found is not None:
            rows.append(_record(name, studies[name], found))
    counts = {"epochs": "Int64", "n": "Int64", "configurations": "Int64", "rerun_n": "Int64"}
    frame = pd.DataFrame(rows, columns=[*_COLUMNS])
    return frame.astype(counts)


_MORE = (
    "Configuration",
    "Observed PSNR (dB), best of n",
    "n on the largest budget",
    "Configurations, of the model",
    "Re-run, mean PSNR (dB) [95%]",
    "n of re-runs",
)
_COLUMNS = (
    "name",
    *DOMAINS,
    "source",
    "study",
    "objective",
    "epochs",
    "observed_psnr",
    "n",
    "configurations",
    "rerun_mean",
    "rerun_low",
    "rerun_high",
    "rerun_n",
)


def _values(hyperparameters: Hyperparameters) -> list[str]:
    return [written(value) for value in hyperparameters.model_dump().values()]


def _found(frames: Frames) -> list[str]:
    """Return the column of a study; dashes if no evaluation has finished."""
    found = incumbent(frames)
    if found is None:
        return [DASH] * (len(DOMAINS) + len(_MORE))
    done = effort(frames)
    again, signal = _rerun(frames), signal_of(frames.study.objective)
    return [
        *_values(found.hyperparameters),
        f"{found.configuration}, {'model' if found.model_based else 'random'}",
        _observed(found),
        f"{_on_largest(frames, found)} on {found.epochs} epochs",
        f"{done.configurations}, {done.model_based}",
        DASH if again.n == 0 else interval_text(again, 2 if signal.is_psnr else 4),
        str(again.n),
    ]


def _observed(found: Incumbent) -> str:
    objective = signal_of(found.study.objective)
    if objective.is_psnr:
        return f"{found.score:.2f}, {objective.objective}"
    return f"{objective.value_text(found.score)}, {objective.objective}, which is not a PSNR"


def _record(name: str, frames: Frames, found: Incumbent) -> dict[str, object]:
    again = _rerun(frames)
    return {
        "name": name,
        **found.hyperparameters.model_dump(),
        "source": "ours",
        "study": frames.study.name,
        "objective": frames.study.objective,
        "epochs": found.epochs,
        "observed_psnr": round(found.score, 4)
        if signal_of(frames.study.objective).is_psnr
        else math.nan,
        "n": _on_largest(frames, found),
        "configurations": effort(frames).configurations,
        "rerun_mean": round(again.value, 4),
        "rerun_low": round(again.low, 4),
        "rerun_high": round(again.high, 4),
        "rerun_n": again.n,
    }


def _on_largest(frames: Frames, found: Incumbent) -> int:
    done = frames.evaluations.query("purpose == 'study' and state == 'finished'")
    return int((done["epochs"] == found.epochs).sum())


def _rerun(frames: Frames) -> Estimate:
    """Return the mean over the incumbent's re-runs of the objective of its study."""
    runs = reruns_of_incumbent(frames)
    if runs.empty:
        return Estimate(math.nan, math.nan, math.nan, 0)
    return estimate(
        runs[signal_of(frames.study.objective).column].to_numpy(dtype="float64"), "mean"
    )
