"""A study: one BOHB run over DARTS, described by a TOML file."""

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from configspace.custom import is_custom, source_digest
from configspace.errors import DartboardError, StudyError
from configspace.hyperparameters import DOMAINS, Domain, Interval, Levels, Value
from configspace.rungs import rungs

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}


def _seconds(value: object) -> object:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", value)
        if match is None:
            raise ValueError("wanted seconds or a duration such as '90s', '30m', '1h' or '2d'")
        return float(match[1]) * _UNITS[match[2]]
    return value


def _bytes(value: object) -> object:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([MG]i?B)", value)
        if match is None:
            raise ValueError("wanted bytes or a size such as '500MB' or '4GiB'")
        size = float(match[1]) * _SIZES[match[2]]
        if size == float("inf"):
            raise ValueError("wanted a size that a number can hold")
        return int(size)
    return value


def plain_name(value: str) -> str:
    """Return a name that is safe in a file's name; anything else is a ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value):
        raise ValueError("wanted letters, digits, '.', '_' and '-' only, such as 'blur-final'")
    return value


def _problem(value: str) -> str:
    if value not in ("blur", "downsampling") and not is_custom(value):
        raise ValueError("wanted 'blur', 'downsampling', or an own one as 'package.module:Class'")
    return value


def _custom(value: str) -> str:
    if not is_custom(value):
        raise ValueError("wanted a class as 'package.module:Class'")
    return value


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError("wanted an odd number of taps, so that a kernel has a center")
    return value


Positive = Annotated[float, Field(gt=0)]
Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0)]
Bytes = Annotated[int, BeforeValidator(_bytes), Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Epochs = Annotated[float, Field(gt=0, le=1_000_000)]
CustomName = Annotated[str, AfterValidator(_custom)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Taps = Annotated[int, Field(ge=1), AfterValidator(_odd)]


class Section(BaseModel):
    """A table of the study file: frozen, and strict about keys and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class ProblemSettings(Section):
    """``[problem]``: which inverse problem y = A x + noise is to be solved (Sec. 5.1)."""

    name: Annotated[str, AfterValidator(_problem)] = "blur"
    """``blur``, ``downsampling``, or a user's own: ``package.module:Class``."""
    noise: Annotated[float, Field(ge=0)] = 0.1
    """Standard deviation of the measurement noise; Table 5's 0.10, since Sec. 5.1's 0.01 does
    not reproduce Table 1."""
    points: Annotated[int, Field(ge=4, le=512)] = 50
    """Samples of a signal on [−π/2, π/2]."""
    sigma: Positive = 0.2
    """Standard deviation of the Gaussian blur, in the units of the interval."""
    taps: Taps = 7
    """Taps of the blur's kernel."""
    factor: Count = 4
    """``downsampling`` keeps every ``factor``-th sample after the blur."""
    source: Digest | None = None
    """SHA-256 of the file that an own problem is in; known from when a study is loaded."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.taps >= self.points:
            raise ValueError(f"taps ({self.taps}) must be below points ({self.points})")
        if self.factor > self.points:
            raise ValueError(f"factor ({self.factor}) must not exceed points ({self.points})")
        if self.source is not None and not is_custom(self.name):
            raise ValueError(f"source: wanted none, since the problem {self.name!r} is built in")
        return self

    def identified(self) -> Self:
        """Return the same with an own problem's source filled in.

        Raises:
            StudyError: If its file cannot be found, or is another than the one that is named.
        """
        if not is_custom(self.name):
            return self
        found = source_digest(self.name)
        if self.source not in (None, found):
            raise StudyError(
                f"problem.source: the file of {self.name!r} has the SHA-256 {found}, "
                f"not {self.source}"
            )
        return self.model_copy(update={"source": found})


class ArchitectureSettings(Section):
    """``[architecture]``: the search space (Sec. 4.1 and 4.2) and its operations (Sec. 4.3)."""

    space: Literal["sequential", "cell"] = "sequential"
    """``sequential``: layers in a row; ``cell``: cells in a row, each a graph of states."""
    operations: Literal["good", "all"] = "all"
    """``good``: learnable gradient descent and the 2-layer CNN; ``all``: roll and noise too."""
    layers: Annotated[int, Field(ge=1, le=64)] = 10
    """Of the sequential space."""
    cells: Annotated[int, Field(ge=1, le=8)] = 2
    """Of the cell space."""
    states: Annotated[int, Field(ge=2, le=16)] = 5
    """States of a cell after its input, each with an edge from the input and from every state
    before it."""
    channels: Annotated[int, Field(ge=1, le=512)] = 16
    """Hidden channels of the mapping n(u)."""
    kernel_size: Literal[3, 5] = 3
    tau: Positive = 0.1
    """Step size τ of the gradient steps; fixed, so no optimizer sees it."""
    operation_noise: Annotated[float, Field(ge=0)] = 1.0
    """Standard deviation of the noise operation's noise."""
    roll_shift: int = 1
    """Samples by which the roll operation shifts."""
    custom: Annotated[tuple[CustomName, ...], BeforeValidator(_as_tuple)] = ()
    """A user's own operations beside the set, each ``package.module:Class``; on the PyTorch engine,
    in the sequential space."""
    sources: Annotated[tuple[Digest, ...], BeforeValidator(_as_tuple)] = ()
    """SHA-256 of the file of each of them; known from when a study is loaded."""

    # Before 0.2.0 the key was `own`. Stores and digests keep that name, so that a study of then
    # resumes, and a trial's seed stays the same.
    @model_validator(mode="before")
    @classmethod
    def _from_stored(cls, settings: Any) -> Any:
        if isinstance(settings, dict) and "own" in settings and "custom" not in settings:
            return {("custom" if key == "own" else key): settings[key] for key in settings}
        return settings

    @model_serializer(mode="wrap")
    def _to_stored(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {("own" if key == "custom" else key): value for key, value in dump(self).items()}

    @model_validator(mode="after")
    def _custom_fits(self) -> Self:
        if self.custom and self.space != "sequential":
            raise ValueError("custom: custom operations need the space 'sequential'")
        if len(set(self.custom)) < len(self.custom):
            raise ValueError("custom: expected each operation once")
        if self.sources and len(self.sources) != len(self.custom):
            raise ValueError("sources: expected none, or one for each custom operation")
        return self

    def identified(self) -> Self:
        """Return the same with the sources of own operations filled in.

        Raises:
            StudyError: If a file cannot be found, or is another than the one that is named.
        """
        found = tuple(source_digest(name) for name in self.custom)
        if self.sources not in ((), found):
            raise StudyError("architecture.sources: the files of own operations have others")
        return self.model_copy(update={"sources": found}) if found else self

    @property
    def edges(self) -> int:
        """Places for an operation: the layers, or all edges of all cells."""
        if self.space == "sequential":
            return self.layers
        return self.cells * self.states * (self.states + 1) // 2

    @property
    def unused(self) -> set[str]:
        """Names of the settings that this space does not heed."""
        unused = {"cells", "states"} if self.space == "sequential" else {"layers"}
        return unused if self.custom else unused | {"custom", "sources"}


class SearchSettings(Section):
    """``[search]``: how DARTS searches, apart from what BOHB tunes."""

    variant: Literal["darts", "darts-second-order", "darts-single"] = "darts"
    """``darts``: one α step on a validation batch, then one weight step on a training batch;
    ``darts-second-order``: α's step sees through the weight step to come; ``darts-single``: the
    weights are trained first, each operation in a network of its own, and α alone after that
    (Sec. 5.4)."""
    alpha_scale: Annotated[float, Field(ge=0)] = 1e-3
    """Standard deviation of α's random start."""
    warm_up_fraction: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Share of the steps over which a warm-up ramps the step size up."""
    batch_size: Annotated[int, Field(ge=2)] = 128
    batches: Count = 19
    """Batches an epoch, and batches a validation (19 · 128 = 2432 samples)."""


class EvaluationSettings(Section):
    """``[evaluation]``: how one configuration on one budget becomes one loss."""

    trials: Annotated[int, Field(ge=1, le=4096)] = 1
    """Seeds an evaluation."""
    aggregate: Literal["mean", "median", "max"] = "mean"
    time_limit: Seconds = 3600.0
    memory_limit: Bytes | None = None
    """Resident bytes of an evaluation's process; none: no limit."""


class BohbSettings(Section):
    """``[bohb]``: successive halving and the density model (Falkner et al. 2018)."""

    iterations: Count = 128
    eta: Annotated[int, Field(ge=2)] = 3
    min_epochs: Epochs = 5.0
    max_epochs: Epochs = 50.0
    parallel: Annotated[int, Field(ge=0)] = 0
    """Jobs outstanding at once; 0: as many as there are live workers."""
    random_fraction: Annotated[float, Field(ge=0, le=1)] = 1 / 3
    """Share of configurations drawn at random rather than from the model."""
    top_percent: Annotated[float, Field(gt=0, lt=100)] = 15.0
    """Share of the observations that count as good."""
    min_points: Annotated[int, Field(ge=0)] = 0
    """Observations on one budget before the model is used; 0: one more than hyperparameters."""
    candidates: Count = 64
    """Draws among which the best density ratio is picked."""
    bandwidth_factor: Positive = 3.0
    """How much wider than the good density's the kernels are from which candidates are drawn."""
    min_bandwidth: Positive = 1e-3


class Study(Section):
    """A study file, parsed and checked."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(plain_name)]
    objective: Literal["one-shot", "final"]
    """Which PSNR BOHB maximizes: the supernet's, or the retrained architecture's."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    problem: ProblemSettings = ProblemSettings()
    architecture: ArchitectureSettings = ArchitectureSettings()
    search: SearchSettings = SearchSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    bohb: BohbSettings = BohbSettings()
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    """Each fixed (a value) or narrowed (``[low, high]``); what is not named is free."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _ = self.domains(), self.rungs()
        if self.architecture.custom and self.search.variant == "darts-single":
            raise ValueError("architecture.custom: not with search.variant 'darts-single'")
        return self

    def domains(self) -> dict[str, Domain]:
        """Return each hyperparameter's domain in this study, in the paper's order.

        Raises:
            ValueError: If the ``[hyperparameters]`` table names an unknown one or leaves a range.
        """
        for name in self.hyperparameters:
            if name not in DOMAINS:
                raise ValueError(
                    f"hyperparameters.{name} is not known; the eight are {', '.join(DOMAINS)}"
                )
        return {
            name: _narrowed(name, domain, self.hyperparameters[name])
            if name in self.hyperparameters
            else domain
            for name, domain in DOMAINS.items()
        }

    def rungs(self) -> tuple[int, ...]:
        """Return the budgets in whole epochs, smallest first."""
        return rungs(self.bohb.min_epochs, self.bohb.max_epochs, self.bohb.eta)

    def digest(self) -> str:
        """Return a hash of everything that decides a result.

        The name, the number of iterations, the parallelism, the limits, and the settings of the
        other search space are left out: they may change without changing what was found.
        """
        settings = self.model_dump(
            mode="json",
            exclude={
                "name": True,
                "problem": set() if self.problem.source else {"source"},
                "architecture": self.architecture.unused,
                "bohb": {"iterations", "parallel"},
                "evaluation": {"time_limit", "memory_limit"},
            },
        )
        canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def differences(self, other: "Study") -> list[str]:
        """Return the dotted keys in which two studies' results may differ, with both values."""
        mine, theirs = _flat(self.model_dump(mode="json")), _flat(other.model_dump(mode="json"))
        free = {"name", "bohb.iterations", "bohb.parallel"}
        free |= {"evaluation.time_limit", "evaluation.memory_limit"}
        unused = self.architecture.unused & other.architecture.unused
        free |= {f"architecture.{key}" for key in unused}
        keys = [key for key in {**mine, **theirs} if key not in free]
        return [
            f"{key}: {mine.get(key)!r} there, {theirs.get(key)!r} here"
            for key in keys
            if mine.get(key) != theirs.get(key)
        ]


def load_study(path: Path) -> Study:
    """Read a study from a TOML file.

    Raises:
        StudyError: If the file cannot be read or parsed, or a setting is wrong; one line that
            names the file, the key, what was wanted and what came.
    """
    settings = read_settings(path, "study", StudyError)
    try:
        study = Study.model_validate(settings)
    except ValidationError as error:
        raise StudyError(f"{path}: {first_complaint(error, Study)}") from error
    return study.model_copy(
        update={
            "problem": study.problem.identified(),
            "architecture": study.architecture.identified(),
        }
    )


def read_settings(path: Path, what: str, wrong: type[DartboardError]) -> dict[str, Any]:
    """Read a TOML file of settings.

    Args:
        path: The file.
        what: What it should be, for the error's words.
        wrong: The error to raise.

    Raises:
        DartboardError: Of the type ``wrong``, if the file cannot be read or is not TOML.
    """
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise wrong(f"cannot read {what} file {str(path)!r}: {reason}") from error
    try:
        return tomllib.loads(text)
    except ValueError as error:  # a number of thousands of digits is one, too
        raise wrong(f"{path} is not TOML: {error}") from error
    except RecursionError as error:
        raise wrong(f"{path} is not a {what}: it nests its values too deeply") from error


def first_complaint(error: ValidationError, model: type[BaseModel]) -> str:
    """Say in one line what the first problem is: key, what was wanted, what came."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    match first["type"]:
        case "extra_forbidden":
            complaint = (
                f"unknown key '{key}'; known here: {', '.join(_known_keys(model, first['loc']))}"
            )
        case "missing":
            complaint = f"key '{key}' is missing"
        case "value_error":
            reason = first["msg"].removeprefix("Value error, ")
            complaint = f"{key}: {reason}" if key else reason
            if key and not isinstance(first["input"], dict):
                complaint += f", got {first['input']!r}"
        case _:
            wanted = first["msg"][0].lower() + first["msg"][1:]
            complaint = f"key '{key}': {wanted}, got {first['input']!r}"
    others = error.error_count() - 1
    return complaint + (f" (and {others} more)" if others else "")


def _known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        annotation = field.annotation if field else None
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)


def _narrowed(name: str, domain: Domain, wanted: Any) -> Domain:
    match domain:
        case Levels(values):
            # `type` too: in Python 1 == True, and a TOML 1 is not meant as a switch.
            if not any(wanted == value and type(wanted) is type(value) for value in values):
                levels = ", ".join(_toml(value) for value in values)
                raise ValueError(f"hyperparameters.{name}: wanted one of {levels}, got {wanted!r}")
            return Levels((wanted,))
        case Interval(low, high):
            bounds = wanted if isinstance(wanted, list) else [wanted]
            if len(bounds) not in (1, 2) or not all(
                isinstance(bound, int | float) and not isinstance(bound, bool) for bound in bounds
            ):
                raise ValueError(
                    f"hyperparameters.{name}: wanted a number to fix it or [low, high] to narrow "
                    f"its range, got {wanted!r}"
                )
            if not all(low <= bound <= high for bound in bounds):
                raise ValueError(
                    f"hyperparameters.{name}: wanted values in [{low:g}, {high:g}], got {wanted!r}"
                )
            if len(bounds) == 1:
                return Levels((float(bounds[0]),))
            if not bounds[0] < bounds[1]:
                raise ValueError(f"hyperparameters.{name}: wanted low < high, got {wanted!r}")
            return Interval(float(bounds[0]), float(bounds[1]))


def _toml(value: Value) -> str:
    return json.dumps(value)


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
