"""What a study had found by the time it had cost so much.

The cost of an evaluation is the time of its trials' searches and retrainings on the workers; of
evaluations that crashed or were lost no time is kept. Costs add up in the order in which the
evaluations ended.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.frames import Frames
from results.incumbents import Incumbent, incumbent

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reached:
    """What a study had found when it had cost as much as another cost in all."""

    seconds: float
    """Evaluation seconds it was allowed."""
    total: float
    """Evaluation seconds it took in all."""
    incumbent: Incumbent | None
    """The best by then on the largest budget tried by then; None before anything finished."""
    is_last: bool
    """Whether that is the incumbent of the whole study."""

    @property
    def whole(self) -> bool:
        """Whether the study had ended by then."""
        return self.seconds >= self.total


def finished_at(frames: Frames) -> pd.Series:
    """Return the evaluation seconds spent when each of a study's evaluations had finished.

    Returns:
        Finished evaluations only, in the order in which they ended; the index is that of
        ``frames.evaluations``.
    """
    keys = ["configuration", "epochs"]
    of_study = frames.trials[frames.trials["purpose"] == "study"]
    spent = of_study[["search_seconds", "retrain_seconds"]].sum(axis=1)
    costs = spent.groupby([of_study[key] for key in keys]).sum().rename("cost")
    done = frames.evaluations.query("purpose == 'study' and state == 'finished'")
    done = done.sort_values("ended_sequence")
    return done.join(costs, on=keys)["cost"].fillna(0.0).cumsum()


def reached(frames: Frames, seconds: float) -> Reached:
    """Return what a study had found after so many evaluation seconds.

    Args:
        frames: The study.
        seconds: What it may cost; an evaluation counts once all of it is paid for.
    """
    spent = finished_at(frames)
    # A cost summed in another order may differ in its last digits, and must not lose the last one.
    within = spent[spent <= seconds * (1 + 1e-9)]
    found = incumbent(replace(frames, evaluations=frames.evaluations.loc[within.index]))
    last = incumbent(frames)
    return Reached(
        seconds=seconds,
        total=float(spent.iloc[-1]) if len(spent) else 0.0,
        incumbent=found,
        is_last=found is not None
        and last is not None
        and (found.configuration, found.epochs) == (last.configuration, last.epochs),
    )


def anytime(frames: Frames) -> tuple[Floats, Floats]:
    """Return how the best score on the largest budget rose with a study's cost.

    Returns:
        Evaluation seconds, and the best observed PSNR on the study's largest budget by then, in
        dB; one entry for each evaluation that raised it, and the last again at the study's end.
    """
    spent = finished_at(frames)
    done = frames.evaluations.loc[spent.index]
    largest = done[done["epochs"] == done["epochs"].max()]
    best = largest["psnr"].cummax()
    raised = best.diff().fillna(1.0) > 0
    seconds = [*spent.loc[best.index[raised]], *spent.iloc[-1:]]
    psnrs = [*best[raised], *best.iloc[-1:]]
    return np.array(seconds, dtype=np.float64), np.array(psnrs, dtype=np.float64)
