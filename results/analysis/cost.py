"""What a study had found by the time it had cost so much.

The cost of an evaluation is the time of its trials' searches and retrainings on the workers. Of one
that crashed or ran out of time no such times are kept, so it costs the time from when a worker was
given it last to its end. A lost one is a machine's failure and costs nothing. Costs add up in the
order in which the evaluations ended.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.analysis.incumbent import Incumbent, incumbent
from results.frames.study import Frames

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
    scores: int
    """How many scores on that budget it is the highest of."""
    is_last: bool
    """Whether that is the incumbent of the whole study."""

    @property
    def whole(self) -> bool:
        """Whether the study had ended by then."""
        return _affordable(self.seconds) >= self.total


def spent_by(frames: Frames) -> pd.Series:
    """Return the evaluation seconds spent when each of a study's evaluations had ended.

    Returns:
        Those that finished or crashed, in the order in which they ended; the index is that of
        ``frames.evaluations``.
    """
    keys = ["configuration", "epochs"]
    of_study = frames.trials[frames.trials["purpose"] == "study"]
    spent = of_study[["search_seconds", "retrain_seconds"]].sum(axis=1)
    costs = spent.groupby([of_study[key] for key in keys]).sum().rename("cost")
    ended = frames.evaluations.query("purpose == 'study' and state in ('finished', 'crashed')")
    ended = ended.sort_values("ended_sequence")
    held = (ended["finished"] - ended["started"]).dt.total_seconds()
    each = ended.join(costs, on=keys)["cost"].where(ended["state"] == "finished", held)
    return each.fillna(0.0).cumsum()


def total_seconds(frames: Frames) -> float:
    """Return the evaluation seconds that a study took in all."""
    spent = spent_by(frames)
    return float(spent.iloc[-1]) if len(spent) else 0.0


def at_each_others_cost(one: Frames, other: Frames) -> tuple[Reached, Reached]:
    """Return what each of two studies had found when it had cost as much as the other in all."""
    return reached(one, total_seconds(other)), reached(other, total_seconds(one))


def reached(frames: Frames, seconds: float) -> Reached:
    """Return what a study had found after so many evaluation seconds.

    Args:
        frames: The study.
        seconds: What it may cost; an evaluation counts once all of it is paid for.
    """
    spent = spent_by(frames)
    within = frames.evaluations.loc[spent.index[spent <= _affordable(seconds)]]
    done = within[within["state"] == "finished"]
    found = incumbent(replace(frames, evaluations=done))
    last = incumbent(frames)
    return Reached(
        seconds=seconds,
        total=total_seconds(frames),
        incumbent=found,
        scores=int((done["epochs"] == done["epochs"].max()).sum()),
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
    spent = spent_by(frames)
    done = frames.evaluations.loc[spent.index].query("state == 'finished'")
    largest = done[done["epochs"] == done["epochs"].max()]
    best = largest["psnr"].cummax()
    raised = best.diff().fillna(1.0) > 0
    seconds = [*spent.loc[best.index[raised]], *spent.iloc[-1:]]
    psnrs = [*best[raised], *best.iloc[-1:]]
    return np.array(seconds, dtype=np.float64), np.array(psnrs, dtype=np.float64)


def _affordable(seconds: float) -> float:
    """Allow for costs that were summed in another order, and so differ in their last digits."""
    return seconds * (1 + 1e-9)
