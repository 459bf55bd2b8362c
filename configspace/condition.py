"""A condition of a campaign: one distribution of trials, everything but the seed being fixed."""

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from configspace.hyperparameters import Hyperparameters
from configspace.operations import operations
from configspace.study import (
    ArchitectureSettings,
    Bytes,
    Count,
    ProblemSettings,
    SearchSettings,
    Seconds,
    Section,
)

Method = Literal[
    "darts",
    "darts-second-order",
    "darts-single",
    "learnable-gradient-only",
    "nets-only",
    "random",
]
"""How a trial comes by its architecture: by a search, or, for the baselines, without one."""

SEARCHES = ("darts", "darts-second-order", "darts-single")
"""The methods that search; each is a variant of ``[search]``."""
EVERYWHERE = {"learnable-gradient-only": "learnable_gradient", "nets-only": "cnn"}
"""The baselines of one operation on every edge."""


def as_tuple(value: object) -> object:
    """Take a list of TOML or JSON for the tuple that is meant; for a validator."""
    return tuple(value) if isinstance(value, list) else value


Architecture = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]


class ConditionEvaluation(Section):
    """``[evaluation]`` of a campaign: how a condition's trials become jobs."""

    trials: Count = 25
    """Seeds a job, at most."""
    time_limit: Seconds = 3600.0
    memory_limit: Bytes | None = None
    """Resident bytes of a job's process; none: no limit."""


class Condition(Section):
    """One distribution of trials: everything but the seed is fixed."""

    campaign: str
    name: str
    """Unique within its campaign."""
    problem: ProblemSettings = ProblemSettings()
    architecture: ArchitectureSettings = ArchitectureSettings()
    search: SearchSettings = SearchSettings()
    evaluation: ConditionEvaluation = ConditionEvaluation()
    method: Method | Literal["given"] = "darts"
    """``given`` trains the architectures that the condition lists."""
    preset: str
    """What its hyperparameters are called."""
    hyperparameters: Hyperparameters
    epochs: Count = 50
    """Of the search, and of the training of the architecture."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    trials: Count
    architectures: Annotated[tuple[Architecture, ...], BeforeValidator(as_tuple)] | None = None
    """Of a condition whose method is ``given``: one a trial."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        variant = self.method if self.method in SEARCHES else "darts"
        if self.search.variant != variant:
            raise ValueError(
                f"search.variant: wanted {variant!r}, since the method is {self.method!r}, "
                f"got {self.search.variant!r}"
            )
        if self.architecture.custom and self.method == "darts-single":
            raise ValueError("architecture.custom: not with the method 'darts-single'")
        if (self.method == "given") != (self.architectures is not None):
            raise ValueError("architectures: wanted with the method 'given', and with no other")
        if self.architectures is not None and len(self.architectures) < self.trials:
            raise ValueError(
                f"architectures: wanted one for each of {self.trials} trials, "
                f"got {len(self.architectures)}"
            )
        edges = self.architecture.edges
        for names in self.architectures or ():
            if len(names) != edges:
                raise ValueError(f"architectures: wanted {edges} operations each, got {len(names)}")
        return self

    @property
    def study(self) -> str:
        """The name under which the store keeps it; no study has such a name."""
        return f"{self.campaign}/{self.name}"

    def digest(self) -> str:
        """Return a hash of everything that decides a trial's result, apart from its index.

        Settings with their default values are left out, so that a setting that is yet to come
        will not change the seeds of a condition that does without it, and so are those of another
        space. The given architectures are left out as well: more may be added.
        """
        settings = _settings(self, exclude_defaults=True)
        settings["hyperparameters"] = self.hyperparameters.model_dump(mode="json")
        settings |= {"method": self.method, "epochs": self.epochs, "seed": self.seed}
        canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def trial_seeds(self, indices: range) -> tuple[int, ...]:
        """Return the seeds of some of the condition's trials, each in [0, 2^63).

        A hash of the condition's digest and the trial's index, so that more trials or other
        conditions change none.
        """
        digest = self.digest()
        return tuple(_hash(f"campaign {digest} {index}") >> 1 for index in indices)

    def fixed_architectures(self, indices: range) -> tuple[tuple[str, ...], ...] | None:
        """Return the architectures that some trials train; None if they are searched for.

        A random one is a function of its trial's seed alone: on each edge every operation of the
        set is equally likely.
        """
        if self.method in SEARCHES:
            return None
        if self.architectures is not None:
            return tuple(self.architectures[index] for index in indices)
        edges = range(self.architecture.edges)
        if self.method in EVERYWHERE:
            return ((EVERYWHERE[self.method],) * len(edges),) * len(indices)
        names = operations(self.architecture)
        return tuple(
            tuple(names[_hash(f"architecture {seed} {edge}") % len(names)] for edge in edges)
            for seed in self.trial_seeds(indices)
        )

    def differences(self, other: "Condition") -> list[str]:
        """Return what two conditions' results may differ in, with both values."""
        mine, theirs = _decisive(self), _decisive(other)
        found = [
            f"{key}: {mine.get(key)!r} there, {theirs.get(key)!r} here"
            for key in {**mine, **theirs}
            if mine.get(key) != theirs.get(key)
        ]
        both = zip(self.architectures or (), other.architectures or (), strict=False)
        found += [
            f"architecture {index}: {' '.join(there)} there, {' '.join(here)} here"
            for index, (there, here) in enumerate(both)
            if there != here
        ]
        return found


def _decisive(condition: Condition) -> dict[str, object]:
    flat: dict[str, object] = {
        "method": condition.method,
        "epochs": condition.epochs,
        "seed": condition.seed,
    }
    settings = _settings(condition, exclude_defaults=False)
    settings["hyperparameters"] = condition.hyperparameters.model_dump(mode="json")
    for section, values in settings.items():
        for key, value in values.items():
            flat[f"{section}.{key}"] = value
    return flat


def _settings(condition: Condition, *, exclude_defaults: bool) -> dict[str, Any]:
    """Return the sections that decide a result, without those that its space ignores."""
    return {
        "problem": condition.problem.model_dump(mode="json", exclude_defaults=exclude_defaults),
        "architecture": condition.architecture.model_dump(
            mode="json", exclude=condition.architecture.unused, exclude_defaults=exclude_defaults
        ),
        "search": condition.search.model_dump(mode="json", exclude_defaults=exclude_defaults),
    }


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
