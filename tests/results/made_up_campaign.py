"""A made-up campaign, quick to write into a store."""

import itertools
from typing import Any

import numpy as np

from configspace.campaign import Campaign
from configspace.condition import SEARCHES, Condition
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId
from configspace.operations import operations
from results.store.store import Store
from tests.results.made_up import outcome


def filled_campaign(
    store: Store,
    name: str = "many",
    *,
    trials: int = 6,
    part: int = 3,
    crashed: int = 0,
    **settings: Any,
) -> Campaign:
    """Write a campaign of two conditions, DARTS and random, into a store.

    Args:
        store: The store.
        name: The campaign's name.
        trials: Trials a condition, of which the last ``crashed`` ones crashed; 0: nothing was run.
        part: Trials a job.
        crashed: How many crashed, each in a job of its own.
        settings: Further ones of both conditions.
    """
    conditions = tuple(
        Condition(
            campaign=name,
            name=f"sequential-all-blur-{method}-H1",
            method=method,
            preset="H1",
            hyperparameters=Hyperparameters.preset("H1"),
            trials=trials or 5,
            **settings,
        )
        for method in ("darts", "random")
    )
    campaign = Campaign(name=name, conditions=conditions)
    store.begin_campaign(campaign, {"dartboard": "0.1.0"})
    random = np.random.default_rng(0)
    for condition in conditions:
        for first in range(0, trials - crashed, part):
            indices = range(first, min(first + part, trials - crashed))
            finish(store, condition, indices, 20 + random.normal(size=(len(indices), 2)))
        for index in range(trials - crashed, trials):
            crash(store, condition, index)
    return campaign


def crash(store: Store, condition: Condition, index: int) -> None:
    """Write a trial of a condition that crashed."""
    id = _submit(store, condition, range(index, index + 1))
    store.fail(condition.study, id, state="crashed", failure=None, message="diverged", worker="w1")


def _submit(store: Store, condition: Condition, indices: range) -> EvaluationId:
    id = EvaluationId(
        configuration=(0, 0, 0), epochs=condition.epochs, purpose="campaign", part=indices.start
    )
    store.submit(
        condition.study, id, condition.hyperparameters, model_based=False, seeds=len(indices)
    )
    store.lease(condition.study, id, worker="w1", token="t1", attempt=1)
    return id


def finish(
    store: Store, condition: Condition, indices: range, psnrs: "np.ndarray[tuple[int, int]]"
) -> None:
    """Write a job's finished trials: one-shot and architecture PSNR of each."""
    id = _submit(store, condition, indices)
    searched = condition.method in SEARCHES
    names = itertools.cycle(operations(condition.architecture))
    architecture = tuple(itertools.islice(names, condition.architecture.edges))
    made = outcome(id, [(float(one_shot), float(final)) for one_shot, final in psnrs])
    drawn = tuple(
        trial.model_copy(
            update={
                "seed": seed,
                "architecture": architecture,
                "one_shot_psnr": trial.one_shot_psnr if searched else None,
                "search_seconds": trial.search_seconds if searched else None,
            }
        )
        for trial, seed in zip(made.trials, condition.trial_seeds(indices), strict=True)
    )
    loss = -float(psnrs[:, 1].mean())
    store.finish(condition.study, made.model_copy(update={"trials": drawn}), loss=loss, worker="w1")
