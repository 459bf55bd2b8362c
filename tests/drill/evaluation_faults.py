"""Faults by evaluations that misbehave."""

from tests.drill.fault import Fault
from tests.drill.record import Hit
from tests.drill.scene import Scene


def await_misbehavior(scene: Scene) -> Hit:
    """Wait until one more evaluation misbehaves; one in six does."""
    known = len(scene.hits)
    scene.wait_for(lambda: len(scene.spans().misbehaved) > known, "evaluation that misbehaves")
    at, pid, _ = scene.spans().misbehaved[known]
    return scene.hit(*(one for one in scene.workers if one.pid == pid), at=at)


FAULTS = tuple(
    Fault(f"evaluation {what}", await_misbehavior, way=way)
    for what, way in (
        ("raises", "raises"),
        ("exits", "exits"),
        ("segfaults", "segfaults"),
        ("allocates without end", "allocates"),
        ("returns NaN", "not_a_number"),
        ("returns a NumPy scalar", "numpy_scalar"),
        ("never returns", "never_returns"),
    )
)
