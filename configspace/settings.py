"""What all settings files share: strict tables, units, error messages and differences."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}


def _seconds(value: object) -> object:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", value)
        if match is None:
            raise ValueError("expected seconds or a duration such as '90s', '30m', '1h' or '2d'")
        return float(match[1]) * _UNITS[match[2]]
    return value


def _bytes(value: object) -> object:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([MG]i?B)", value)
        if match is None:
            raise ValueError("expected bytes or a size such as '500MB' or '4GiB'")
        size = float(match[1]) * _SIZES[match[2]]
        if size == float("inf"):
            raise ValueError("expected a size that fits a floating-point number")
        return int(size)
    return value


def _plain_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]*", value):
        raise ValueError(
            "expected only ASCII letters, digits, '.', '_' and '-', such as 'blur-final'"
        )
    if not re.match(r"[A-Za-z0-9]", value):
        raise ValueError("expected a letter or digit as the first character, as in 'blur-final'")
    return value


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError("expected an odd number of taps, so that the kernel has a center")
    return value


def as_tuple(value: object) -> object:
    """Turn a list of TOML or JSON into a tuple; a validator to run before pydantic's own."""
    return tuple(value) if isinstance(value, list) else value


Positive = Annotated[float, Field(gt=0)]
"""A positive number."""
Factor = Annotated[float, Field(ge=0, le=1_000_000)]
"""A factor or deviation. With far larger ones, single precision overflows in each training."""
Taps = Annotated[int, Field(ge=1), AfterValidator(_odd)]
"""A number of taps of a kernel."""
Count = Annotated[int, Field(ge=1, le=1_000_000)]
"""A whole number from 1 to a million. Far larger ones cannot be computed, or not even counted."""
Epochs = Annotated[float, Field(gt=0, le=1_000_000)]
"""A number of epochs, which may be fractional before it is rounded to a rung."""
Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0)]
"""A duration in seconds, or a text with a unit: '90s', '30m', '1h', '2d'."""
Bytes = Annotated[int, BeforeValidator(_bytes), Field(gt=0)]
"""A size in bytes, or a text with a unit: '500MB', '4GiB'."""
Seed = Annotated[int, Field(ge=0, lt=2**63)]
"""A seed of random numbers, in [0, 2^63)."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 in hexadecimal digits."""
PlainName = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain_name)]
"""A name that is safe as part of a file name."""


class Section(BaseModel):
    """A table of a settings file: frozen, and strict about keys and types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that has two values: one where it is expected, and another where it is found."""

    key: str
    """The dotted key of the setting, such as ``problem.noise``."""
    expected: object
    """The value of the first settings; None if the key is missing there."""
    found: object
    """The value of the second settings; None if the key is missing there."""

    def text(self, expected_in: str, found_in: str) -> str:
        """Return the difference as text, such as ``problem.noise: 0.1 there, 0.2 here``.

        Args:
            expected_in: Where the expected value is, such as ``there``.
            found_in: Where the value that was found is, such as ``here``.
        """
        return f"{self.key}: {_shown(self.expected)} {expected_in}, {_shown(self.found)} {found_in}"


def first_problem(error: ValidationError, model: type[BaseModel]) -> str:
    """Return the first problem of a validation as one line: key, what was expected, what came.

    Args:
        error: What pydantic found.
        model: The model that was validated; its known keys are listed for an unknown one.
    """
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    match first["type"]:
        case "extra_forbidden":
            known = ", ".join(_known_keys(model, first["loc"]))
            problem = f"unknown key '{key}'; known keys: {known}"
        case "missing":
            problem = f"key '{key}' is missing"
        case "value_error":
            reason = str(first["ctx"]["error"])
            problem = f"{key}: {reason}" if key else reason
            if key and not isinstance(first["input"], dict):
                problem += f", got {first['input']!r}"
        case _:
            expected = first["msg"][0].lower() + first["msg"][1:]
            expected = expected.replace("a valid tuple", "a list")  # TOML's word
            where = f"key '{key}': " if key else ""
            problem = f"{where}{expected}, got {first['input']!r}"
    others = error.error_count() - 1
    return problem + (f" (and {others} more)" if others else "")


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one dict with dotted keys.

    Args:
        settings: Settings whose values may be dicts.
        prefix: What every key begins with.
    """
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        annotation = field.annotation if field else None
        for one in (annotation, *get_args(annotation)):  # a table may be optional, or in a list
            if isinstance(one, type) and issubclass(one, BaseModel):
                model = one
    return list(model.model_fields)


def _shown(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else repr(value)  # a tuple: an architecture
