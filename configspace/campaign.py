"""A campaign: fixed hyperparameters and many seeds, without BOHB; its file lists conditions.

Each ``[[grid]]`` table stands for the product of its lists. Several of them add up.
"""

import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from configspace.architecture import ArchitectureSettings
from configspace.condition import SEARCHES, Condition, Method
from configspace.errors import CampaignError
from configspace.evaluation import ConditionEvaluation
from configspace.files import read_settings
from configspace.hyperparameters import DOMAINS, Hyperparameters, preset_names
from configspace.operations import operations
from configspace.search import SearchSettings
from configspace.settings import (
    Count,
    PlainName,
    Section,
    Seed,
    as_tuple,
    first_problem,
)
from configspace.strategies import IN_THE_PLANE, StrategiesSettings
from configspace.strategy_search import StrategySearch
from configspace.study import ProblemSettings
from configspace.surrogate import Candidates, SurrogateSettings

S = TypeVar("S", bound=Section)


class Campaign(Section):
    """A campaign: the conditions that its file lists."""

    name: str
    """Name of the campaign in the store."""
    conditions: tuple[Condition, ...]
    """Conditions of the campaign, each with its own name."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.conditions:
            raise ValueError("expected at least one condition, got none")
        counts = Counter(condition.name for condition in self.conditions)
        if twice := next((name for name, count in counts.items() if count > 1), None):
            raise ValueError(
                f"expected each condition once, got {twice!r} twice; list it in one grid only"
            )
        return self


Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1)]
Methods = Annotated[tuple[Method, ...], BeforeValidator(as_tuple), Field(min_length=1)]


class Grid(Section):
    """``[[grid]]``: a product of conditions; a missing key has the value of the top level."""

    spaces: Names | None = None
    """Search spaces: ``sequential``, ``cell``."""
    problems: Names | None = None
    """Problems: ``blur``, ``downsampling``, or custom ones as ``package.module:Class``."""
    operations: Names | None = None
    """Operation sets: ``good``, ``all``."""
    methods: (
        Annotated[tuple[Method, ...], BeforeValidator(as_tuple), Field(min_length=1)] | None
    ) = None
    """Methods: the searches, which are the variants of ``[search]``, and the baselines ``random``,
    ``learnable-gradient-only`` and ``nets-only``."""
    hyperparameters: Names | None = None
    """Names of hyperparameter configurations: presets of the paper, or keys of
    ``[configurations]``."""
    trials: Count | None = None
    """Number of trials of each condition."""


class CampaignFile(Grid):
    """The content of a campaign file; its lists multiply within each grid."""

    name: PlainName
    """The campaign's name in the store: letters, digits, ``.``, ``_`` and ``-``. Required."""
    seed: Seed = 0
    """Seed of the campaign, in [0, 2^63); every trial's seed follows from it. Default 0."""
    epochs: Count = 50
    """Epochs of the search, and of the training of the architecture. Default 50, as in the paper's
    Table 5."""
    spaces: Names = ("sequential",)
    """Search spaces: ``sequential``, ``cell``. Default: the sequential space, which most of the
    paper's experiments use."""
    problems: Names = ("blur",)
    """Problems: ``blur``, ``downsampling``, or custom ones as ``package.module:Class``. Default:
    blur, the first problem of the paper's tables."""
    operations: Names = ("all",)
    """Operation sets: ``good``, ``all``. Default: all operations, the harder set."""
    methods: Methods = ("darts",)
    """Methods: the searches, which are the variants of ``[search]`` in a study file, and three
    baselines that train an architecture without a search. Default: first-order DARTS, as in the
    paper's main experiments.

    The baselines are ``learnable-gradient-only`` and ``nets-only``, with one operation on every
    edge, and ``random``, with an architecture drawn at random.
    """
    hyperparameters: Names = ("H1",)
    """Names of hyperparameter configurations: presets of the paper, or keys of
    ``[configurations]``. Default: H1, the paper's first manual choice."""
    trials: Count = 75
    """Number of trials of each condition. Default 75, as in Sec. 5.2."""
    grid: Annotated[tuple[Grid, ...], BeforeValidator(as_tuple)] = (Grid(),)
    """Grids, each a table ``[[grid]]`` with any of ``spaces``, ``problems``, ``operations``,
    ``methods``, ``hyperparameters`` and ``trials``. The conditions of several grids add up.
    Default: one grid of the lists at the top of the file."""
    configurations: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Custom hyperparameter configurations, each a table ``[configurations.NAME]`` with all eight
    hyperparameters. Default: none."""
    problem: dict[str, Any] = Field(default_factory=dict)
    """Settings of ``[problem]`` that all conditions share, as in a study file, except ``name``."""
    architecture: dict[str, Any] = Field(default_factory=dict)
    """Settings of ``[architecture]`` that all conditions share, as in a study file, except
    ``space`` and ``operations``."""
    search: dict[str, Any] = Field(default_factory=dict)
    """Settings of ``[search]`` that all conditions share, as in a study file, except
    ``variant``."""
    evaluation: ConditionEvaluation = ConditionEvaluation()
    """Seeds and limits of a job, ``[evaluation]``."""
    surrogate: SurrogateSettings | None = None
    """Architectures that each supernet scores, ``[surrogate]``; see ``dartboard surrogate``.
    Default: none."""
    strategies: StrategiesSettings | None = None
    """Strategies that search for the best architectures, ``[strategies]``; see ``dartboard
    strategies``. Default: none."""


def load_campaign(path: Path) -> Campaign:
    """Read a campaign from a TOML file.

    Raises:
        CampaignError: If the file cannot be read or parsed, or a setting is wrong; one line that
            names the file, the key, what was expected and what came.
        StudyError: If the file of a custom problem or operation cannot be found.
    """
    file = _read(path)
    with _of_file(path):
        if file.strategies is not None:
            raise CampaignError(
                "expected no table [strategies], since its conditions follow from each other",
                advice=f"run it with 'dartboard strategies {path}'",
            )
        conditions = tuple(_conditions(file))
        if file.surrogate is not None:
            conditions = tuple(_with_candidates(conditions, file.surrogate))
        return Campaign(name=file.name, conditions=conditions)


def load_searches(path: Path) -> tuple[StrategySearch, ...]:
    """Read the searches of a campaign with ``[strategies]`` from a TOML file.

    Returns:
        The searches: by setting, then by repetition, then by strategy.

    Raises:
        CampaignError: See `load_campaign`; also if the file has no such table, or has settings that
            do not go with it.
        StudyError: See `load_campaign`.
    """
    file = _read(path)
    with _of_file(path):
        if (strategies := file.strategies) is None:
            raise CampaignError(
                "expected a table [strategies], got none",
                advice="add '[strategies]', or run it with 'dartboard campaign'",
            )
        _check_searches(file)
        # The names that the strategies put in place of the method:
        settings = [
            condition.model_copy(update={"name": condition.name.replace("-darts-", "-", 1)})
            for condition in _conditions(file)
        ]
        Campaign(name=file.name, conditions=tuple(settings))
        for setting in settings:
            _check_space(setting, strategies)
    return tuple(
        StrategySearch(setting, strategies, name, repetition)
        for setting in settings
        for repetition in range(strategies.repetitions)
        for name in strategies.names
    )


def _read(path: Path) -> CampaignFile:
    settings = read_settings(path, "campaign", CampaignError)
    try:
        return CampaignFile.model_validate(settings)
    except ValidationError as error:
        raise CampaignError(f"{path}: {first_problem(error, CampaignFile)}") from error


@contextlib.contextmanager
def _of_file(path: Path) -> Iterator[None]:
    """Name the file in the errors of its conditions."""
    try:
        yield
    except ValidationError as error:
        raise CampaignError(f"{path}: {first_problem(error, Campaign)}") from error
    except CampaignError as error:
        raise CampaignError(f"{path}: {error.problem}", advice=error.advice) from error


def _check_searches(file: CampaignFile) -> None:
    """Check that a file with ``[strategies]`` has no settings that its searches would ignore.

    Raises:
        CampaignError: If it has one; the error names it.
    """
    listed = {key for grid in (file, *file.grid) for key in grid.model_fields_set}
    for key, reason in (
        ("methods", "the strategies choose the architectures"),
        ("trials", "'trainings', 'top' and 'fresh' in [strategies] are their numbers"),
        ("surrogate", "a campaign is either for [surrogate] or for [strategies]"),
    ):
        if key in listed:
            raise CampaignError(f"{key}: expected none with [strategies], since {reason}")
    if file.evaluation.signals:
        raise CampaignError(
            "evaluation.signals: expected none with [strategies], which compares final scores"
        )
    if "points" in file.architecture:
        raise CampaignError(
            "architecture.points: expected none with [strategies], which chooses the points"
        )


def _check_space(setting: Condition, strategies: StrategiesSettings) -> None:
    """Check that the strategies can search the space of a setting.

    Raises:
        CampaignError: If the space is not sequential or has too few architectures, or one of them
            needs continuous parameters.
    """
    if setting.architecture.space != "sequential":
        raise CampaignError(
            f"spaces: expected 'sequential' with [strategies], got {setting.architecture.space!r}"
        )
    if not setting.architecture.continuous:
        size = len(operations(setting.architecture)) ** setting.architecture.edges
        if strategies.trainings > size:
            raise CampaignError(
                f"strategies.trainings: expected at most {size}, the number of architectures of "
                f"{setting.name!r}, got {strategies.trainings}"
            )
    for name in strategies.names:
        if name in IN_THE_PLANE and not setting.architecture.continuous:
            raise CampaignError(
                f"strategies.names: expected [architecture] continuous for {name!r}, which "
                "descends along the parameters of operations",
                advice='add continuous = ["tau", "dilation"] to [architecture], or remove it from '
                "the names",
            )


def _conditions(file: CampaignFile) -> Iterator[Condition]:
    for section, key, listed in (
        ("problem", "name", "problems"),
        ("architecture", "space", "spaces"),
        ("architecture", "operations", "operations"),
        ("search", "variant", "methods"),
    ):
        if key in getattr(file, section):
            raise CampaignError(
                f"unknown key '{section}.{key}'", advice=f"list its values under '{listed}'"
            )
    for grid in file.grid:
        given = grid.model_dump(exclude_none=True)
        merged = file.model_copy(update=given)
        for space, set_, problem, method, preset in itertools.product(
            merged.spaces,
            merged.operations,
            merged.problems,
            merged.methods,
            merged.hyperparameters,
        ):
            variant = {"variant": method} if method in SEARCHES else {}
            architecture = file.architecture | {"space": space, "operations": set_}
            yield Condition(
                campaign=file.name,
                name="-".join((space, set_, re.sub(r"[^\w.]+", "-", problem), method, preset)),
                problem=_parsed(
                    ProblemSettings, "problem", file.problem | {"name": problem}
                ).identified(),
                architecture=_parsed(
                    ArchitectureSettings, "architecture", architecture
                ).identified(),
                search=_parsed(SearchSettings, "search", file.search | variant),
                evaluation=file.evaluation,
                method=method,
                preset=preset,
                hyperparameters=_hyperparameters(preset, file.configurations),
                epochs=file.epochs,
                seed=file.seed,
                trials=merged.trials,
            )


def _with_candidates(
    conditions: Sequence[Condition], surrogate: SurrogateSettings
) -> Iterator[Condition]:
    """Yield searches that score random architectures, each after the training of these.

    Raises:
        CampaignError: If a condition does not search.
    """
    trained: dict[str, Condition] = {}
    for condition in conditions:
        if condition.method not in SEARCHES:
            raise CampaignError(
                f"methods: expected searches, since [surrogate] is about their supernets, "
                f"got {condition.method!r}",
                advice="the random architectures are trained without being listed",
            )
        random = condition.model_copy(
            update={
                "name": condition.name.replace(f"-{condition.method}-", "-random-"),
                "method": "random",
                "search": condition.search.model_copy(update={"variant": "darts"}),
                "evaluation": condition.evaluation.model_copy(
                    update={"signals": ("second-final",)}
                ),
                "trials": surrogate.architectures,
            }
        )
        if random.name not in trained:
            trained[random.name] = random
            yield random
        architectures = random.fixed_architectures(range(surrogate.architectures))
        candidates = Candidates(architectures=architectures or (), batches=surrogate.batches)
        yield Condition.model_validate({**dict(condition), "candidates": candidates})


def _parsed(model: type[S], section: str, settings: dict[str, Any]) -> S:
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        raise CampaignError(f"[{section}] {first_problem(error, model)}") from error


def _hyperparameters(name: str, custom: Mapping[str, dict[str, Any]]) -> Hyperparameters:
    if name not in custom:
        if name in preset_names():
            return Hyperparameters.preset(name)
        known = ", ".join((*preset_names(), *custom))
        raise CampaignError(f"hyperparameters: expected one of {known}, got {name!r}")
    if missing := [key for key in DOMAINS if key not in custom[name]]:
        raise CampaignError(
            f"configurations.{name}: expected all eight hyperparameters, "
            f"{', '.join(missing)} missing"
        )
    try:
        return Hyperparameters.model_validate(custom[name], strict=True)
    except ValidationError as error:
        reason = first_problem(error, Hyperparameters)
        raise CampaignError(f"configurations.{name}: {reason}") from error
