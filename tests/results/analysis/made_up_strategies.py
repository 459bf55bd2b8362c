"""Synthetic searches over a noisy hill in the plane of τ and dilation, without training anything.

The score of a point falls with the square of its distance from the optimum, in units of the plane;
trainings from other seeds have other noise.
"""

from collections.abc import Callable, Sequence

import numpy as np

from configspace.architecture import ArchitectureSettings
from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from configspace.operations import parametric_name
from configspace.strategies import Role, Run, StrategyName
from results.analysis.strategy_runs import (
    Architecture,
    Best,
    Search,
    StrategyGroup,
    StrategyRuns,
)
from results.stats.estimates import Floats

LOW, HIGH = np.array([0.01, 0.5]), np.array([1.0, 8.0])
"""Ends of the plane: τ and dilation."""
OPTIMUM = np.array([0.6, 0.35])
"""The best point, in units of the plane."""
NOISE = 0.4
"""Standard deviation of a training's score in dB."""
EDGES = 10


def setting(continuous: bool = True, strategy: StrategyName = "random") -> Condition:
    """Return the condition of a search without any training."""
    return Condition(
        campaign="made", name=f"plane-{strategy}-0", method="given", preset="H1",
        hyperparameters=Hyperparameters(), trials=60, architectures=(),
        architecture=ArchitectureSettings(continuous=("tau", "dilation") if continuous else ()),
        run=Run(strategy=strategy, repetition=0, part="search"), seeds=(1,),
    )  # fmt: skip


def architecture(point: Floats) -> Architecture:
    """Return the architecture of a point in units of the plane."""
    tau, dilation = (LOW * (HIGH / LOW) ** np.clip(point, 0, 1)).tolist()
    return (parametric_name("learnable_gradient", tau=tau, dilation=dilation),) * EDGES


def height(point: Floats) -> float:
    """Return the mean score of a point in dB."""
    return float(24 - 12 * ((point - OPTIMUM) ** 2).sum())


def search(
    repetition: int,
    *,
    strategy: str = "random",
    trainings: int = 60,
    top: int = 10,
    fresh: int = 25,
) -> Search:
    """Return a finished search: by a descent, or else at random.

    Args:
        repetition: Index of the search, the seed of its random numbers.
        strategy: The strategy.
        trainings: Number of trainings.
        top: Number of the best architectures.
        fresh: Number of fresh seeds; their effect on all architectures is the same in all searches.
    """
    random = np.random.default_rng([repetition, len(strategy)])
    points: list[Floats] = []
    roles: list[Role] = []
    scores: list[float] = []

    def train(role: Role, point: Floats) -> float:
        points.append(np.clip(point, 0, 1))
        roles.append(role)
        scores.append(height(points[-1]) + NOISE * random.normal())
        return scores[-1]

    if "descent" in strategy:
        while len(points) < trainings:
            _descend(random, train)
    else:
        for _ in range(trainings):
            train("proposal", random.random(2))
    values = np.array(scores[:trainings])
    order = np.argsort(-values)[:top]
    shared = 0.2 * np.random.default_rng(99).normal(size=fresh)
    drawn = NOISE * random.normal(size=(len(order), fresh))
    means = np.array([height(points[place]) for place in order])
    architectures = tuple(map(architecture, points[:trainings]))
    return Search(
        repetition,
        architectures,
        tuple(roles[:trainings]),
        values,
        np.arange(1.0, trainings + 1),
        Best(
            tuple(architectures[place] for place in order),
            values[order],
            means[:, None] + shared + drawn,
        ),
    )


def _descend(random: np.random.Generator, train: Callable[[Role, Floats], float]) -> None:
    """Ascend by central differences, with a step that is halved when it fails."""
    at, step = random.random(2), 0.25
    here = train("start", at)
    while step > 0.03:
        slope = np.array(
            [train("stencil", at + move) - train("stencil", at - move) for move in 0.1 * np.eye(2)]
        )
        ahead = np.clip(at + step * slope / np.linalg.norm(slope), 0, 1)
        found = train("step", ahead)
        if found > here:
            at, here = ahead, found
        else:
            step /= 2


def group(
    strategies: Sequence[str] = ("random", "bayesian", "descent"), repetitions: int = 5
) -> StrategyGroup:
    """Return finished searches by several strategies in the plane."""
    return StrategyGroup(
        setting(),
        tuple(
            StrategyRuns(name, tuple(search(one, strategy=name) for one in range(repetitions)))
            for name in strategies
        ),
    )


def given(scores: dict[str, tuple[Floats, Floats]]) -> StrategyGroup:
    """Return searches whose best architectures have given scores.

    Args:
        scores: By strategy, the scores in the search, shape ``(repetition, rank)``, and those of
            fresh seeds, shape ``(repetition, rank, seed)``.
    """
    return StrategyGroup(
        setting(continuous=False),
        tuple(
            StrategyRuns(name, tuple(map(_with_best, range(len(fresh)), searched, fresh)))
            for name, (searched, fresh) in scores.items()
        ),
    )


def _with_best(repetition: int, searched: Floats, fresh: Floats) -> Search:
    names = [("cnn",) * place + ("roll",) * (EDGES - place) for place in range(len(searched))]
    best = Best(tuple(names), searched, fresh)
    roles: list[Role] = ["proposal"] * len(names)
    cost = np.arange(1.0, len(names) + 1)
    return Search(repetition, tuple(names), tuple(roles), searched, cost, best)
