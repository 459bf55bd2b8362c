"""The eight hyperparameters of DARTS that BOHB tunes, with their ranges and named presets.

Source: Geiping, Lukasik et al. 2023, Appendix B, Tables 6 to 8.
"""

import csv
import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

Value = float | bool | str
"""The value of one hyperparameter, always a built-in type."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of positive numbers, searched on a logarithmic scale."""

    low: float
    """Smallest value, included."""
    high: float
    """Largest value, included."""


@dataclass(frozen=True, slots=True)
class Levels:
    """A finite set of values without an order."""

    values: tuple[Value, ...]
    """The values; a single one means that the hyperparameter is fixed."""


Domain = Interval | Levels

DOMAINS: dict[str, Domain] = {
    "param_lr": Interval(1e-5, 1.0),
    "param_weight_decay": Interval(1e-8, 0.1),
    "param_warm_up": Levels((True, False)),
    "alpha_lr": Interval(1e-5, 0.1),
    "alpha_weight_decay": Interval(1e-5, 0.1),
    "alpha_warm_up": Levels((True, False)),
    "alpha_scheduler": Levels(("none", "linear")),
    "alpha_optimizer": Levels(("adam", "gradient_descent")),
}
"""Search ranges (Tables 7 and 8, second column), in the order of the paper's tables."""

LABELS: dict[str, str] = {
    "param_lr": "Param. learning rate",
    "param_weight_decay": "Param. weight decay",
    "param_warm_up": "Param. warm up",
    "alpha_lr": "Alpha learning rate",
    "alpha_weight_decay": "Alpha weight decay",
    "alpha_warm_up": "Alpha warm up",
    "alpha_scheduler": "Alpha scheduler",
    "alpha_optimizer": "Alpha optimizer",
}
"""Names of the hyperparameters in the paper's Table 7."""

_LEAST_RATIO = 1.00001
"""Smallest ratio of an interval's bounds: ConfigSpace rounds them to 13 decimals, and refuses
bounds that are then equal."""

_WORDS = {
    "none": "None",
    "linear": "Linear",
    "adam": "Adam",
    "gradient_descent": "Gradient Descent",
}


class Hyperparameters(BaseModel):
    """Values of all eight hyperparameters; the defaults are the paper's H1 (Table 6)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    param_lr: float = Field(default=1e-3, ge=0)
    """Step size of the weights (Adam)."""
    param_weight_decay: float = Field(default=1e-8, ge=0)
    """L2 coefficient of the weights."""
    param_warm_up: bool = False
    """Whether the weights' step size ramps up over the first steps."""
    alpha_lr: float = Field(default=1e-3, ge=0)
    """Step size of the architecture parameters α."""
    alpha_weight_decay: float = Field(default=1e-3, ge=0)
    """L2 coefficient of α."""
    alpha_warm_up: bool = True
    """Whether α's step size ramps up over the first steps."""
    alpha_scheduler: Literal["none", "linear"] = "linear"
    """Schedule of α's step size: constant, or falling linearly to 0 over the budget."""
    alpha_optimizer: Literal["adam", "gradient_descent"] = "gradient_descent"
    """Optimizer of α."""

    @classmethod
    def preset(cls, name: str) -> Self:
        """Return a named configuration of the paper.

        Raises:
            KeyError: If no preset has that name; the message lists all of them.
        """
        presets = _presets()
        if name not in presets:
            raise KeyError(f"expected one of the presets {', '.join(presets)}, got {name!r}")
        return cls(**presets[name])


def written(value: Value) -> str:
    """Return a value as text in the paper's words, a number with six digits."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return _WORDS.get(str(value), str(value))


def preset_names() -> tuple[str, ...]:
    """Return the names of the paper's eight configurations (Tables 6, 7 and 8)."""
    return tuple(_presets())


def narrowed(name: str, domain: Domain, setting: Any) -> Domain:
    """Return the part of a domain to which a study file narrows it.

    Args:
        name: The hyperparameter, for the error's text.
        domain: Its whole domain.
        setting: A value to fix it, or a list ``[low, high]`` to narrow an interval.

    Raises:
        ValueError: If the setting has the wrong type, or is not inside the domain.
    """
    match domain:
        case Levels(values):
            # `type` too: in Python 1 == True, and a TOML 1 is not meant as a switch.
            if not any(setting == value and type(setting) is type(value) for value in values):
                levels = ", ".join(json.dumps(value) for value in values)
                raise ValueError(
                    f"hyperparameters.{name}: expected one of {levels}, got {setting!r}"
                )
            return Levels((setting,))
        case Interval(low, high):
            bounds = setting if isinstance(setting, list) else [setting]
            if len(bounds) not in (1, 2) or not all(
                isinstance(bound, int | float) and not isinstance(bound, bool) for bound in bounds
            ):
                raise ValueError(
                    f"hyperparameters.{name}: expected a number to fix it or [low, high] to "
                    f"narrow its range, got {setting!r}"
                )
            if not all(low <= bound <= high for bound in bounds):
                raise ValueError(
                    f"hyperparameters.{name}: expected values in [{low:g}, {high:g}], got "
                    f"{setting!r}"
                )
            if len(bounds) == 1:
                return Levels((float(bounds[0]),))
            if not bounds[0] < bounds[1]:
                raise ValueError(f"hyperparameters.{name}: expected low < high, got {setting!r}")
            if bounds[1] < bounds[0] * _LEAST_RATIO:
                raise ValueError(
                    f"hyperparameters.{name}: expected a high that is at least {_LEAST_RATIO} "
                    f"times the low, got {setting!r}; name one number to fix the value"
                )
            return Interval(float(bounds[0]), float(bounds[1]))


@functools.cache
def _presets() -> dict[str, dict[str, Any]]:
    with Path(__file__).with_name("presets.csv").open(newline="") as file:
        return {row.pop("name"): dict(row) for row in csv.DictReader(file)}
