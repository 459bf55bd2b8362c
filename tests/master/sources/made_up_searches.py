"""Searches whose trainings are made up: what a service does with their sources, without workers."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from configspace.architecture import ArchitectureSettings
from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from configspace.job import CandidateScores, Job, Outcome, Trial, loss
from configspace.operations import parse_operation
from configspace.strategies import StrategiesSettings, StrategyName
from configspace.strategy_search import StrategySearch
from configspace.surrogate import Architecture
from master.sources.base import JobSource, Submission
from master.sources.strategies import StrategySource
from results.store.store import Store
from tests.master.sources.fixed_jobs import submit

FINITE = ArchitectureSettings(layers=3)
PLANE = ArchitectureSettings(layers=2, continuous=("tau", "dilation"))


def search(
    strategy: StrategyName = "random",
    architecture: ArchitectureSettings = FINITE,
    **settings: Any,
) -> StrategySearch:
    """Return a search of 12 trainings, whose three best architectures get two fresh seeds each."""
    setting = Condition(
        campaign="many",
        name="one",
        preset="H1",
        hyperparameters=Hyperparameters(),
        architecture=architecture,
        epochs=9,
        trials=1,
    )
    numbers = {"trainings": 12, "top": 3, "fresh": 2} | settings
    return StrategySearch(setting, StrategiesSettings(**numbers), strategy, 0)


def source(store: Store, one: StrategySearch, *, workers: int = 1) -> StrategySource:
    """Return the source of a search, which continues from what the store has."""

    def begin(condition: Condition) -> None:
        store.begin_campaign(Campaign(name="many", conditions=(condition,)), {})

    made = StrategySource(one, store, begin, workers=workers)
    made.resume()
    return made


def score(architecture: Sequence[str]) -> float:
    """Return the made-up PSNR of an architecture; in the plane it is best at τ 0.1, dilation 2."""
    total = 0.0
    for name in architecture:
        base, values = parse_operation(name)
        total += {"learnable_gradient": 4.0, "cnn": 3.0, "roll": 1.0, "noise": 0.0}[base]
        total -= abs(math.log(values.get("tau", 0.1) / 0.1))
        total -= abs(math.log(values.get("dilation", 2.0) / 2.0))
    return 10.0 + total


def outcome_of(job: Job) -> Outcome:
    """Return the made-up outcome of a job."""
    if job.architectures is not None:
        trials = [
            Trial(seed=seed, one_shot_psnr=None, architecture=names, architecture_psnr=score(names))
            for seed, names in zip(job.seeds, job.architectures, strict=True)
        ]
    else:
        assert job.candidates is not None
        scores = tuple(score(names) for names in job.candidates.architectures)
        found = CandidateScores(psnr=scores, alpha_likelihood=tuple(one - 20 for one in scores))
        names = job.candidates.architectures[0]
        trials = [Trial(seed=job.seeds[0], one_shot_psnr=9.0, architecture=names, candidates=found)]
    return Outcome(id=job.id, trials=tuple(trials), engine="made-up", device="cpu")


def finish(store: Store, source: JobSource, job: Job) -> None:
    """Store a submitted job's outcome, and pass it on."""
    outcome = outcome_of(job)
    value = loss(outcome, job.objective, "mean")
    store.finish(job.study, outcome, loss=value, worker="w")
    source.finished(job, value)


def run(
    store: Store,
    source: JobSource,
    *,
    crashes: Callable[[Architecture], bool] = lambda _: False,
    jobs: int = 1000,
) -> list[Job]:
    """Run a source until it is done; return its jobs.

    Args:
        store: Store of the outcomes.
        source: The source.
        crashes: Whether the training of an architecture crashes.
        jobs: Largest number of jobs; the last one then stays open.
    """
    ran: list[Job] = []
    while len(ran) < jobs:
        submission = source.next()
        if not isinstance(submission, Submission):
            assert submission == "done"
            break
        job = submission.job
        submit(store, job)
        ran.append(job)
        if len(ran) == jobs:
            break
        if any(map(crashes, job.architectures or ())):
            store.fail(job.study, job.id, state="crashed", failure=None, message="", worker="w")
            source.failed(job, "crashed")
        else:
            finish(store, source, job)
    return ran


def trained(store: Store) -> dict[str, tuple[Architecture, ...] | None]:
    """Return the architectures of each condition in the store."""
    return {one.name: one.architectures for one in store.campaign("many").conditions}
