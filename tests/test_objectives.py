"""Every objective tunes a tiny study on both engines, from BOHB to the frames."""

from pathlib import Path
from typing import get_args

import pytest

from configspace.job import Outcome, loss
from configspace.signals import Objective, signal_of
from configspace.study import Study
from master.sources.base import Submission
from master.sources.study import BohbSource
from results.analysis.cost import cost
from results.analysis.incumbent import incumbent_of
from results.frames.study import Frames, load_from
from results.store.store import Store
from worker.evaluation.evaluate import JobEvaluator

OBJECTIVES = get_args(Objective)
EPOCHS = {"final": 2, "second-final": 2, "short": 1.5}
"""Epochs of an evaluation as a multiple of those of its search, if not 1."""


def tiny(objective: Objective) -> Study:
    return Study.model_validate(
        {
            "name": "tiny",
            "objective": objective,
            "problem": {"points": 12},
            "architecture": {"layers": 2, "channels": 2},
            "search": {"batch_size": 4, "batches": 2, "hessian": {"every": 1, "window": 1}},
            "evaluation": {"trials": 2, "short_fraction": 0.5},
            "bohb": {"iterations": 1, "min_epochs": 2, "max_epochs": 4, "eta": 2},
        }
    )


def tuned(study: Study, engine: str, folder: Path) -> Frames:
    """Return the results of a study that one process evaluates."""
    evaluate = JobEvaluator(device="cpu", engine=engine, threads=1)
    source = BohbSource(study)
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        store.begin(study, {})
        while isinstance(one := source.next(), Submission):
            job, name = one.job, study.name
            store.submit(name, job.id, job.hyperparameters, model_based=one.model_based)
            store.lease(name, job.id, worker="w", token="t", attempt=1)
            outcome = Outcome.from_wire(evaluate(job, lambda *_: None).to_wire())
            outcome.check_against(job)
            value = loss(outcome, job.objective, one.aggregate)
            store.finish(name, outcome, loss=value, worker="w")
            source.finished(job, value)
        found = load_from(store, study.name)
    best = source.progress().incumbent
    assert best is not None
    assert (best.configuration, best.score) == (
        incumbent_of(found).configuration,
        incumbent_of(found).score,
    )
    return found


@pytest.mark.parametrize("engine", ["torch", pytest.param("numba", marks=pytest.mark.slow)])
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_objective_tunes_a_study(objective: Objective, engine: str, tmp_path: Path) -> None:
    study, signal = tiny(objective), signal_of(objective)
    found = tuned(study, engine, tmp_path)
    best = incumbent_of(found)
    of_trials = found.trials.groupby(["configuration", "epochs"])[signal.column].mean()
    largest = of_trials.xs(4, level="epochs")
    assert best.score == pytest.approx(largest.max() if signal.direction > 0 else largest.min())
    # Two configurations on 2 epochs, and the better one on 4.
    assert cost(found).epochs == (2 + 2 + 4) * study.evaluation.trials * EPOCHS.get(objective, 1)
