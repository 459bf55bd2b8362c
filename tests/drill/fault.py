"""What a fault is: damage that can be done again and again to a scene."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.drill.record import Hit
from tests.drill.scene import Die, Scene

Strike = Callable[[Scene], Hit]


@dataclass(frozen=True, slots=True)
class Fault:
    """Damage, and the scene that it needs."""

    name: str
    strike: Strike
    """Does the damage once, and what a person would do then, such as starting another worker."""
    way: str = "behaves"
    """How some evaluations misbehave."""
    die: Die = "never"
    """When the master is to kill itself."""
    spare: bool = False
    """Whether there is one worker more than there are jobs."""
    far: Literal["", "namespace", "proxy"] = ""
    """What lies between the master and half of the workers."""
    max_workers: int = 32
    credentials: bool = False
    """Whether master and workers have credentials."""
