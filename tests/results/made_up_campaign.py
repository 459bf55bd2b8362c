"""A synthetic campaign, which is written to a store without running anything."""

import itertools
from importlib import metadata
from typing import Any

import numpy as np

from configspace.campaign import Campaign
from configspace.condition import SEARCHES, Condition, Method
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId
from configspace.operations import operations
from configspace.search import SearchSettings
from results.store.store import Store
from tests.results.made_up import outcome


def filled_campaign(
    store: Store,
    name: str = "many",
    *,
    trials: int = 6,
    part: int = 3,
    crashed: int = 0,
    methods: tuple[Method, ...] = ("darts", "random"),
    **settings: Any,
) -> Campaign:
    """Write a campaign with one condition per method, by default DARTS and random, to a store.

    Args:
        store: Store to write to.
        name: Name of the campaign.
        trials: Number of trials per condition; 0 writes no job.
        part: Number of trials per job.
        crashed: Number of trials per condition that crashed: the last ones, each in a separate job.
        methods: Method of each condition.
        settings: Further settings of all conditions.
    """
    conditions = tuple(
        Condition(
            campaign=name,
            name=f"sequential-all-blur-{method}-H1",
            method=method,
            preset="H1",
            hyperparameters=Hyperparameters.preset("H1"),
            trials=trials or 5,
            **_searching(method, settings),
        )
        for method in methods
    )
    campaign = Campaign(name=name, conditions=conditions)
    store.begin_campaign(campaign, {"dartboard": metadata.version("dartboard")})
    random = np.random.default_rng(0)
    for condition in conditions:
        for first in range(0, trials - crashed, part):
            indices = range(first, min(first + part, trials - crashed))
            finish(store, condition, indices, 20 + random.normal(size=(len(indices), 2)))
        for index in range(trials - crashed, trials):
            crash(store, condition, index)
    return campaign


def _searching(method: Method, settings: dict[str, Any]) -> dict[str, Any]:
    search = settings.get("search", SearchSettings())
    variant = method if method in SEARCHES else "darts"
    return {**settings, "search": search.model_copy(update={"variant": variant})}


def crash(store: Store, condition: Condition, index: int) -> None:
    """Write a crashed trial of a condition."""
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
    store: Store,
    condition: Condition,
    indices: range,
    psnrs: "np.ndarray[tuple[int, int]]",
    signals: dict[str, float] | None = None,
) -> None:
    """Write the finished trials of a job.

    Args:
        store: Store to write to.
        condition: Condition of the trials.
        indices: Indices of the trials in the condition.
        psnrs: One-shot and architecture PSNR of each trial, shape ``(trial, 2)``.
        signals: Signals of each trial.
    """
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
                "signals": signals or {},
            }
        )
        for trial, seed in zip(made.trials, condition.trial_seeds(indices), strict=True)
    )
    loss = -float(psnrs[:, 1].mean())
    store.finish(condition.study, made.model_copy(update={"trials": drawn}), loss=loss, worker="w1")
