"""A fault: damage that can be done repeatedly to a scene."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.drill.record import Hit
from tests.drill.scene import Die, Scene

Inject = Callable[[Scene], Hit]


@dataclass(frozen=True, slots=True)
class Fault:
    """Damage, and the scene that it needs."""

    name: str
    inject: Inject
    """Does the damage once, then what a user would do, such as starting another worker."""
    way: str = "behaves"
    """How some of the evaluations misbehave."""
    die: Die = "never"
    """When the master kills itself."""
    spare: bool = False
    """Whether there is one more worker than there are jobs."""
    far: Literal["", "namespace", "proxy"] = ""
    """What lies between the master and half of the workers."""
    max_workers: int = 32
    """Number of workers that the master accepts."""
    credentials: bool = False
    """Whether the master and the workers have credentials."""
