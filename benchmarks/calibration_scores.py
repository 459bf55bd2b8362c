"""The made-up scores of the calibration."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from results.stats.estimates import Floats

Scores = Literal["normal", "skewed", "failing"]

_FAILED, _DROP = 0.25, 13.0
"""Share of failing runs, and by how much they are lower."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A source of scores of one kind, with mean 0 and standard deviation 1."""

    kind: Scores
    random: np.random.Generator

    def __call__(self, *shape: int) -> Floats:
        """Return scores of the given shape."""
        match self.kind:
            case "normal":
                return self.random.normal(size=shape)
            case "skewed":
                return 1 - self.random.exponential(size=shape)
            case _:
                failed = self.random.random(shape) < _FAILED
                scores = self.random.normal(size=shape) - _DROP * (failed - _FAILED)
                return scores / math.sqrt(1 + _DROP**2 * _FAILED * (1 - _FAILED))
