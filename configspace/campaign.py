"""A campaign: fixed hyperparameters × many seeds, no BOHB. Its file expands into conditions.

The lists of a campaign file multiply; several ``[[grid]]`` tables add up.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from configspace.condition import SEARCHES, Condition, ConditionEvaluation, Method
from configspace.errors import CampaignError
from configspace.hyperparameters import DOMAINS, Hyperparameters, preset_names
from configspace.settings import (
    Count,
    PlainName,
    Section,
    Seed,
    as_tuple,
    first_complaint,
    read_settings,
)
from configspace.study import ArchitectureSettings, ProblemSettings, SearchSettings, Study

S = TypeVar("S", bound=Section)


class Campaign(Section):
    """A campaign, expanded."""

    name: str
    conditions: tuple[Condition, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.conditions:
            raise ValueError("wanted at least one condition, got none")
        names = [condition.name for condition in self.conditions]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"condition {twice!r} is there twice; name it in one grid alone")
        return self


Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple), Field(min_length=1)]
Methods = Annotated[tuple[Method, ...], BeforeValidator(as_tuple), Field(min_length=1)]


class _Grid(Section):
    """A product of conditions; a grid takes what it leaves out from the top of the file."""

    spaces: Names | None = None
    """Search spaces: ``sequential``, ``cell``. Default ``sequential``."""
    problems: Names | None = None
    """Problems: ``blur``, ``downsampling``, or custom problems as ``package.module:Class``. Default
    ``blur``."""
    operations: Names | None = None
    """Operation sets: ``good``, ``all``. Default ``all``."""
    methods: (
        Annotated[tuple[Method, ...], BeforeValidator(as_tuple), Field(min_length=1)] | None
    ) = None
    """Methods: three variants of DARTS, and three baselines that train an architecture without a
    search. Default ``darts``.

    The baselines are: the learnable gradient on every edge, the CNN on every edge, and an
    architecture drawn at random.
    """
    hyperparameters: Names | None = None
    """Names of the hyperparameters to run: presets of the paper, or names under
    ``[configurations]``. Default ``H1``."""
    trials: Count | None = None
    """Number of seeds per condition. Default 75, as in the paper."""


class _File(_Grid):
    name: PlainName
    """Name of the campaign in the store: letters, digits, ``.``, ``_`` and ``-``."""
    seed: Seed = 0
    """Seed of the campaign; every trial's seed follows from it."""
    epochs: Count = 50
    """Number of epochs of the search, and of the retraining. Default 50, as in the paper."""
    spaces: Names = ("sequential",)
    problems: Names = ("blur",)
    operations: Names = ("all",)
    methods: Methods = ("darts",)
    hyperparameters: Names = ("H1",)
    trials: Count = 75
    grid: Annotated[tuple[_Grid, ...], BeforeValidator(as_tuple)] = (_Grid(),)
    """Grids, each a table ``[[grid]]`` with any of ``spaces``, ``problems``, ``operations``,
    ``methods``, ``hyperparameters`` and ``trials``. The conditions of several grids add up.
    Default: one grid of the lists at the top of the file."""
    configurations: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Named hyperparameters, each a table ``[configurations.NAME]`` with all eight."""
    problem: dict[str, Any] = Field(default_factory=dict)
    """Settings of ``[problem]`` that all conditions share, as in a study file, except ``name``."""
    architecture: dict[str, Any] = Field(default_factory=dict)
    """Settings of ``[architecture]`` that all conditions share, as in a study file, except
    ``space`` and ``operations``."""
    search: dict[str, Any] = Field(default_factory=dict)
    """Settings of ``[search]`` that all conditions share, as in a study file, except
    ``variant``."""
    evaluation: ConditionEvaluation = ConditionEvaluation()


def load_campaign(path: Path) -> Campaign:
    """Read a campaign from a TOML file.

    Raises:
        CampaignError: If the file cannot be read or parsed, or a setting is wrong; one line that
            names the file, the key, what was wanted and what came.
        StudyError: If an own problem's file cannot be found.
    """
    settings = read_settings(path, "campaign", CampaignError)
    try:
        file = _File.model_validate(settings)
    except ValidationError as error:
        raise CampaignError(f"{path}: {first_complaint(error, _File)}") from error
    try:
        return Campaign(name=file.name, conditions=tuple(_conditions(file)))
    except ValidationError as error:
        raise CampaignError(f"{path}: {first_complaint(error, Campaign)}") from error
    except CampaignError as error:
        raise CampaignError(f"{path}: {error}") from error


def is_campaign(path: Path) -> bool:
    """Return whether a file is a campaign's rather than a study's, as far as it can be read."""
    try:
        settings = read_settings(path, "campaign", CampaignError)
    except CampaignError:
        return False
    own = set(_File.model_fields) - set(Study.model_fields)
    return bool(own & set(settings)) or isinstance(settings.get("hyperparameters"), list)


def _conditions(file: _File) -> Iterator[Condition]:
    for section, key, listed in (
        ("problem", "name", "problems"),
        ("architecture", "space", "spaces"),
        ("architecture", "operations", "operations"),
        ("search", "variant", "methods"),
    ):
        if key in getattr(file, section):
            raise CampaignError(f"unknown key '{section}.{key}': it is listed under '{listed}'")
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


def _parsed(model: type[S], section: str, settings: dict[str, Any]) -> S:
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        raise CampaignError(f"[{section}] {first_complaint(error, model)}") from error


def _hyperparameters(name: str, own: Mapping[str, dict[str, Any]]) -> Hyperparameters:
    if name not in own:
        if name in preset_names():
            return Hyperparameters.preset(name)
        known = ", ".join((*preset_names(), *own))
        raise CampaignError(f"hyperparameters: wanted names among {known}, got {name!r}")
    if missing := [key for key in DOMAINS if key not in own[name]]:
        raise CampaignError(
            f"configurations.{name}: all eight are wanted, {', '.join(missing)} missing"
        )
    try:
        return Hyperparameters.model_validate(own[name], strict=True)
    except ValidationError as error:
        complaint = first_complaint(error, Hyperparameters)
        raise CampaignError(f"configurations.{name}: {complaint}") from error
