"""What a study costs, and what it had found by the time it had cost a given amount.

The unit of cost is one epoch of one trial. An evaluation costs epochs × trials for its search, and
what the study's objective trains after it: the same again for ``final`` and ``second-final``, the
epochs of the short retraining for ``short``, and nothing for any other signal. Signals that are
recorded without being the objective do not count: the study does not need them. R-DARTS and
best-of-four DARTS count all their searches and the short retraining after each, and DARTS-single
the trainings of both networks that precede its search. Random search with weight sharing also
scores architectures; to score one on three batches counts as one step, see
`configspace.search.SearchSettings.scoring_epochs`. A crashed evaluation has the cost of a finished
one, because its configuration failed and BOHB learns from it. A lost evaluation costs nothing,
because a machine failed. Costs add up in the order in which the evaluations were submitted, not
that in which they ended; re-runs do not count.

So the cost does not depend on the speed of a machine, and neither does any decision. Seconds are
reported for information only.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from configspace.signals import signal_of, training_epochs
from configspace.study import Study
from results.analysis.incumbent import Incumbent, incumbent
from results.frames.study import Frames

Floats = NDArray[np.float64]

HESSIAN_NOT_COUNTED: Final = (
    "The measurements of the Hessian are not counted; they take half to one and a half times a "
    "search on the Numba engine."
)
"""Note on every cost in epochs of trials that may measure an eigenvalue."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of all evaluations of a study that ended; re-runs do not count."""

    epochs: int
    """Epochs of search and retraining, times trials. Decisions depend on this number alone."""
    seconds: float
    """Time on the workers, for information: search and retrainings of finished evaluations, those
    for recorded signals included, and the time from the last start to the end of crashed ones.
    Lost evaluations add nothing."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What a study had found when its cost reached a limit."""

    limit: int
    """Cost that the study was allowed, in epochs × trials."""
    total: int
    """Cost of the whole study, in epochs × trials."""
    incumbent: Incumbent | None
    """Best configuration by then, on the largest budget by then; None if nothing had finished."""
    scores: int
    """Number of scores on that budget by then; the incumbent's is the highest of them."""
    is_last: bool
    """Whether this is the incumbent of the whole study."""

    @property
    def whole(self) -> bool:
        """Whether the limit covers the whole study."""
        return self.limit >= self.total


@dataclass(frozen=True, slots=True, eq=False)
class Anytime:
    """How the best score on a study's largest budget improved with the study's cost.

    All arrays have one entry for each evaluation that improved the best score, and a last entry for
    the end of the study.
    """

    epochs: Floats
    """Cost by then, in epochs × trials."""
    seconds: Floats
    """Time on the workers by then."""
    scores: Floats
    """Best observed score by then, in the unit of the objective."""


def evaluation_cost(study: Study, epochs: int) -> int:
    """Return the cost of one evaluation, in epochs × trials.

    Args:
        study: The settings of the study.
        epochs: Epochs of the search; a whole retraining takes as many.
    """
    trained = training_epochs(study.objective, epochs, study.evaluation.short_fraction)
    search = study.search.search_epochs(epochs, study.evaluation.short_fraction)
    return (search + trained) * study.evaluation.trials


def spent(frames: Frames) -> pd.DataFrame:
    """Return what a study had cost with each of its evaluations.

    Returns:
        Cumulative ``epochs`` (epochs × trials) and ``seconds``, one row per evaluation that
        finished, crashed or was lost, in the order of submission; the index is that of
        ``frames.evaluations``.
    """
    keys = ["configuration", "epochs"]
    ended = frames.evaluations.query(
        "purpose == 'study' and state in ('finished', 'crashed', 'lost')"
    ).sort_values("submitted_sequence")
    trials = frames.trials[frames.trials["purpose"] == "study"]
    computed = trials[["search_seconds", "retrain_seconds", "signal_seconds"]].sum(axis=1)
    computed = computed.groupby([trials[key] for key in keys]).sum().rename("computed")
    held = (ended["finished"] - ended["started"]).dt.total_seconds()
    seconds = ended.join(computed, on=keys)["computed"].where(ended["state"] == "finished", held)
    seconds = seconds.where(ended["state"] != "lost", 0.0).fillna(0.0)
    epochs = ended["epochs"].map(lambda each: evaluation_cost(frames.study, int(each)))
    epochs = epochs.where(ended["state"] != "lost", 0)
    return pd.DataFrame(
        {"epochs": epochs.astype("int64").cumsum(), "seconds": seconds.cumsum()}, index=ended.index
    )


def cost(frames: Frames) -> Cost:
    """Return the cost of all evaluations of a study that ended."""
    total = spent(frames)
    if total.empty:
        return Cost(epochs=0, seconds=0.0)
    return Cost(epochs=int(total["epochs"].iloc[-1]), seconds=float(total["seconds"].iloc[-1]))


def at_each_others_cost(one: Frames, other: Frames) -> tuple[Reached, Reached]:
    """Return what each of two studies had found at the total cost of the other one."""
    return reached(one, cost(other).epochs), reached(other, cost(one).epochs)


def reached(frames: Frames, limit: int) -> Reached:
    """Return what a study had found at a given cost.

    Args:
        frames: The study.
        limit: Allowed cost in epochs × trials. An evaluation counts if the cost up to and
            including it is within the limit.
    """
    total = spent(frames)["epochs"]
    within = frames.evaluations.loc[total.index[total <= limit]]
    done = within[within["state"] == "finished"]
    found, last = incumbent(replace(frames, evaluations=done)), incumbent(frames)
    return Reached(
        limit=limit,
        total=cost(frames).epochs,
        incumbent=found,
        scores=int((done["epochs"] == done["epochs"].max()).sum()),
        is_last=found is not None
        and last is not None
        and (found.configuration, found.epochs) == (last.configuration, last.epochs),
    )


def anytime(frames: Frames) -> Anytime:
    """Return how the best score on the largest budget improved with a study's cost."""
    total = spent(frames)
    done = frames.evaluations.loc[total.index].query("state == 'finished'")
    best = done.loc[done["epochs"] == done["epochs"].max(), "loss"].cummin()
    if best.empty:
        return Anytime(np.empty(0), np.empty(0), np.empty(0))
    better = best.index[best.diff().fillna(-1.0) < 0]
    at = total.loc[[*better, total.index[-1]]]
    return Anytime(
        epochs=at["epochs"].to_numpy(dtype=np.float64),
        seconds=at["seconds"].to_numpy(dtype=np.float64),
        scores=-signal_of(frames.study.objective).direction
        * np.array([*best[better], best.iloc[-1]], dtype=np.float64),
    )
