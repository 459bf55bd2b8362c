"""A condition of a campaign: one distribution of trials. Everything except the seed is fixed."""

import hashlib
import json
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from configspace.architecture import ArchitectureSettings
from configspace.evaluation import ConditionEvaluation
from configspace.hyperparameters import Hyperparameters
from configspace.operations import operations
from configspace.search import SearchSettings, Variant
from configspace.settings import Count, Difference, Section, Seed, as_tuple, flat
from configspace.strategies import Run
from configspace.study import FILE_KEYS, ProblemSettings
from configspace.surrogate import Architecture, Candidates

Method = Literal[
    Variant,
    "learnable-gradient-only",
    "nets-only",
    "random",
]
"""How a trial gets its architecture: from a search, or without one for the baselines."""

SEARCHES = get_args(Variant)
"""The methods that search; each is a variant of ``[search]``."""
EVERYWHERE = {"learnable-gradient-only": "learnable_gradient", "nets-only": "cnn"}
"""The baselines that have one operation on every edge, with that operation."""


class Condition(Section):
    """One distribution of trials: everything except the seed is fixed."""

    campaign: str
    """Name of the campaign."""
    name: str
    """Name of the condition, unique within its campaign."""
    problem: ProblemSettings = ProblemSettings()
    """The inverse problem."""
    architecture: ArchitectureSettings = ArchitectureSettings()
    """The search space and its operations."""
    search: SearchSettings = SearchSettings()
    """The search method; its variant is that of ``method``."""
    evaluation: ConditionEvaluation = ConditionEvaluation()
    """Seeds and limits of a job."""
    method: Method | Literal["given"] = "darts"
    """How a trial gets its architecture; ``given`` trains the architectures that the condition
    lists."""
    preset: str
    """Name of the hyperparameter configuration."""
    hyperparameters: Hyperparameters
    """Values of the eight hyperparameters."""
    epochs: Count = 50
    """Epochs of the search, and of the training of the architecture. Default 50, as in the paper's
    Table 5."""
    seed: Seed = 0
    """Seed from which every trial's seed follows."""
    trials: Count
    """Number of trials."""
    architectures: Annotated[tuple[Architecture, ...], BeforeValidator(as_tuple)] | None = None
    """One architecture per trial, each one operation per edge; only with the method ``given``.

    In a search by a strategy there are fewer than trials until it has proposed all of them.
    """
    candidates: Candidates | None = None
    """Architectures that the supernet of each trial scores after its search; only with a search."""
    run: Run | None = None
    """The search by a strategy to which the condition belongs; None in other campaigns."""
    seeds: Annotated[tuple[Seed, ...], BeforeValidator(as_tuple), Field(min_length=1)] | None = None
    """Seeds of the trials, repeated as often as needed; None hashes one for each trial."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        variant = self.method if self.method in SEARCHES else "darts"
        if self.search.variant != variant:
            raise ValueError(
                f"search.variant: expected {variant!r}, since the method is {self.method!r}, "
                f"got {self.search.variant!r}"
            )
        self.architecture.check_variant(variant)
        self.search.check_stop(self.epochs)
        if (self.method == "given") != (self.architectures is not None):
            raise ValueError(
                "architectures: expected for the method 'given', and for no other method"
            )
        # A strategy proposes its architectures one after the other.
        short = self.run is None and len(self.architectures or ()) < self.trials
        if self.architectures is not None and short:
            raise ValueError(
                f"architectures: expected one for each of {self.trials} trials, "
                f"got {len(self.architectures)}"
            )
        if self.candidates is not None and self.method not in SEARCHES:
            raise ValueError(
                f"candidates: expected none with the method {self.method!r}, which has no supernet"
            )
        edges = self.architecture.edges
        scored = self.candidates.architectures if self.candidates is not None else ()
        for names in (*(self.architectures or ()), *scored):
            if len(names) != edges:
                raise ValueError(
                    f"architectures: expected {edges} operations each, got {len(names)}"
                )
        return self

    @property
    def study(self) -> str:
        """Name of the condition in the store; no study can have such a name."""
        return f"{self.campaign}/{self.name}"

    @property
    def objective(self) -> Literal["one-shot", "final"]:
        """What its trials are for: the final score, or the search alone if it is a stencil's."""
        return "one-shot" if self.run is not None and self.run.part == "supernet" else "final"

    def digest(self) -> str:
        """Return a hash of everything that decides a trial's result, except its index.

        It leaves out settings with default values, so that a future setting does not change the
        seeds of a condition that does not use it. It also leaves out the settings that the space
        ignores, and the given architectures: more of them may be added.
        """
        settings = _settings(self, exclude_defaults=True)
        settings["hyperparameters"] = self.hyperparameters.model_dump(mode="json")
        settings |= {"method": self.method, "epochs": self.epochs, "seed": self.seed}
        if self.seeds is not None:
            settings["seeds"] = self.seeds
        canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def trial_seeds(self, indices: range) -> tuple[int, ...]:
        """Return the seeds of some of the condition's trials, each in [0, 2^63).

        A seed is a hash of the condition's digest and the trial's index, so that neither more
        trials nor other conditions change it, unless the condition lists its seeds.
        """
        if self.seeds is not None:
            return tuple(self.seeds[index % len(self.seeds)] for index in indices)
        digest = self.digest()
        return tuple(_hash(f"campaign {digest} {index}") >> 1 for index in indices)

    def fixed_architectures(self, indices: range) -> tuple[tuple[str, ...], ...] | None:
        """Return the architectures that some trials train; None if the method is a search.

        A random architecture is a function of its trial's seed alone: on each edge every operation
        of the set is equally likely.
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

    def keeping(self, stored: "Condition") -> "Condition":
        """Return this condition with the architectures of a stored one, if that has more of them.

        Args:
            stored: The same condition, perhaps with another number of trials.
        """
        if len(stored.architectures or ()) <= len(self.architectures or ()):
            return self
        return self.model_copy(update={"architectures": stored.architectures, "run": stored.run})

    def differences(self, other: "Condition") -> list[Difference]:
        """Return the settings in which another condition's results may differ from this one's.

        An architecture that both list has the key ``architecture INDEX``.

        Args:
            other: The condition whose values are the ``found`` ones.
        """
        expected, found = _decisive(self), _decisive(other)
        if "short" in self.evaluation.signals and "short" in other.evaluation.signals:
            for settings, one in ((expected, self), (found, other)):
                settings["evaluation.short_fraction"] = one.evaluation.short_fraction
        if "eigenvalue" in self.evaluation.signals and "eigenvalue" in other.evaluation.signals:
            for settings, one in ((expected, self), (found, other)):
                settings |= flat(one.search.hessian.model_dump(mode="json"), "search.hessian.")
        differences = [
            Difference(FILE_KEYS.get(key, key), expected.get(key), found.get(key))
            for key in {**expected, **found}
            if expected.get(key) != found.get(key)
        ]
        if self.candidates != other.candidates:
            asked, stored = _count(self.candidates), _count(other.candidates)
            differences.append(Difference("surrogate", asked, stored))
        if self.run is not None and other.run is not None:
            differences += [
                Difference(f"strategies.{key}", asked, stored)
                for key in ("trainings", "top")
                if (asked := getattr(self.run, key)) != (stored := getattr(other.run, key))
            ]
        if self.seeds != other.seeds:
            asked, stored = _described(self.seeds), _described(other.seeds)
            differences.append(Difference("seeds", asked, stored))
        both = zip(self.architectures or (), other.architectures or (), strict=False)
        return differences + [
            Difference(f"architecture {index}", expected, found)
            for index, (expected, found) in enumerate(both)
            if expected != found
        ]


def _count(candidates: Candidates | None) -> str:
    if candidates is None:
        return "none"
    return f"{len(candidates.architectures)} architectures on {candidates.batches} batches"


def _described(seeds: tuple[int, ...] | None) -> str:
    return "one per trial" if seeds is None else f"{len(seeds)} seeds, first {seeds[0]}"


def _decisive(condition: Condition) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "method": condition.method,
        "epochs": condition.epochs,
        "seed": condition.seed,
    }
    settings |= _settings(condition, exclude_defaults=False)
    settings["hyperparameters"] = condition.hyperparameters.model_dump(mode="json")
    return flat(settings)


def _settings(condition: Condition, *, exclude_defaults: bool) -> dict[str, Any]:
    """Return the sections that decide a result, without the settings that the space ignores."""
    settings = {
        "problem": condition.problem.model_dump(mode="json", exclude_defaults=exclude_defaults),
        "architecture": condition.architecture.model_dump(
            mode="json", exclude=condition.architecture.unused, exclude_defaults=exclude_defaults
        ),
        "search": condition.search.model_dump(
            mode="json", exclude=condition.search.unused, exclude_defaults=exclude_defaults
        ),
    }
    if condition.search.selects:
        settings["evaluation"] = condition.evaluation.model_dump(
            mode="json", include={"short_fraction"}, exclude_defaults=exclude_defaults
        )
    return settings


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
