"""One search of a campaign with ``[strategies]``: its conditions in the store, and its seeds."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from configspace.condition import Condition
from configspace.strategies import Part, Role, Run, StrategiesSettings, StrategyName
from configspace.surrogate import Architecture, Candidates


@dataclass(frozen=True, slots=True)
class StrategySearch:
    """One search: a strategy with its own random numbers, in one setting."""

    setting: Condition
    """What all searches have in common, with the name of the setting."""
    strategies: StrategiesSettings
    """Budget and seeds of the search."""
    strategy: StrategyName
    """The strategy that searches."""
    repetition: int
    """Index of the search among those of the strategy, from 0."""

    @property
    def name(self) -> str:
        """Name of the condition of its trainings; those of the other conditions begin with it."""
        return f"{self.setting.name}-{self.strategy}-{self.repetition}"

    @property
    def seed(self) -> int:
        """Seed of the strategy; the same for all strategies of a repetition."""
        return self._hash(f"strategy {self.repetition}")

    def search(
        self, architectures: Sequence[Architecture], roles: Sequence[Role], *, trials: int
    ) -> Condition:
        """Return the condition of the trainings of the search, all from one seed.

        Args:
            architectures: Architectures that the strategy has proposed so far.
            roles: Why it proposed each of them.
            trials: Number of trainings that are planned.
        """
        return self._condition(
            self._run("search", roles=tuple(roles)),
            {
                "method": "given",
                "architectures": tuple(architectures),
                "trials": trials,
                "seeds": (self._hash(f"training {self.repetition}"),),
            },
        )

    def supernet(self, index: int, points: Sequence[str]) -> Condition:
        """Return the condition of a supernet that chooses among the points of a stencil.

        Args:
            index: Index of the supernet in the search.
            points: Operations with parameters; each of them is an architecture on all edges.
        """
        architecture = self.setting.architecture
        everywhere = tuple((point,) * architecture.edges for point in points)
        return self._condition(
            self._run("supernet", index=index),
            {
                "method": "darts",
                "architecture": {**dict(architecture), "points": tuple(points)},
                "trials": 1,
                # The log-likelihoods under α need no batches, so one is enough.
                "candidates": Candidates(architectures=everywhere, batches=1),
                "seeds": (self._hash(f"supernet {self.repetition} {index}"),),
            },
        )

    def top(self, architectures: Sequence[Architecture], *, trials: int) -> Condition:
        """Return the condition that trains the best architectures from fresh seeds.

        Args:
            architectures: The best architectures of the search, the best one first.
            trials: Number of trainings that are planned.
        """
        fresh = self.strategies.fresh
        return self._condition(
            self._run("top"),
            {
                "method": "given",
                "architectures": tuple(one for one in architectures for _ in range(fresh)),
                "trials": trials,
                "seeds": tuple(self._hash(f"fresh {index}") for index in range(fresh)),
            },
        )

    def _run(self, part: Part, *, index: int = 0, roles: tuple[Role, ...] = ()) -> Run:
        return Run(
            strategy=self.strategy,
            repetition=self.repetition,
            part=part,
            index=index,
            trainings=self.strategies.trainings,
            top=self.strategies.top,
            roles=roles,
        )

    def _condition(self, run: Run, changes: dict[str, object]) -> Condition:
        suffix = {"search": "", "supernet": f"-supernet-{run.index}", "top": "-top"}[run.part]
        settings = {**dict(self.setting), **changes, "name": self.name + suffix, "run": run}
        return Condition.model_validate(settings)

    def _hash(self, text: str) -> int:
        """Return a seed in [0, 2^63); no two purposes share one."""
        digest = hashlib.sha256(f"strategies {self.setting.seed} {text}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> 1
