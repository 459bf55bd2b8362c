"""The workers that a master knows, and which of them live."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from configspace.errors import WireError
from configspace.job import Message
from configspace.versions import differing

Name = Annotated[str, Field(min_length=1, max_length=200)]
Progress = tuple[str, int, int]
"""Phase, epochs done, epochs in all."""


class WorkerInfo(Message):
    """What a worker says of itself when it joins."""

    name: Name
    instance: Annotated[str, Field(max_length=100)]
    """Drawn afresh by each worker process, to tell two of the same name apart."""
    pid: int
    host: Annotated[str, Field(max_length=300)]
    device: Annotated[str, Field(max_length=100)]
    engine: Annotated[str, Field(max_length=100)]
    versions: dict[str, str]
    machine: Annotated[str, Field(max_length=300)] = ""
    """The same for all workers of one machine, in whatever containers; empty if it cannot say."""


def check_versions(info: WorkerInfo, own: Mapping[str, str]) -> None:
    """Check that a worker computes what the others do: the code, NumPy, and its engine's library.

    Args:
        info: What the worker says of itself.
        own: The master's versions, as `configspace.versions.versions` returns them.

    Raises:
        WireError: If it would compute something else; says which versions to get.
    """
    packages = ("dartboard", "numpy", info.engine)
    theirs = {package: info.versions.get(package, "none") for package in packages}
    changed = differing(theirs, own, packages)
    if changed:
        listed = ", ".join(f"{name} {a} there, {b}" for name, (a, b) in changed.items())
        wanted = " ".join(f"{name}=={ours}" for name, (_, ours) in changed.items())
        raise WireError(
            f"worker {info.name} would compute something else ({listed} on the master): get "
            f"{wanted} on {info.host}"
        )


@dataclass(frozen=True, slots=True)
class Member:
    """A worker, under the name that the master gave it."""

    name: str
    info: WorkerInfo
    seen: float
    """When it was last heard of."""
    progress: Progress | None = None
    """How far its evaluation is."""


REMEMBERED_PERIODS = 20
"""How long a silent worker is remembered, in the periods after which one counts as silent."""


class Roster:
    """The workers heard of within ``seconds``; time is passed in."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._members: dict[str, Member] = {}
        self._silent: dict[str, Member] = {}

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def join(self, info: WorkerInfo, now: float) -> str:
        """Enter a worker and return its name: its own, or a numbered one if that is taken."""
        name, number = info.name, 1
        while name in self._members and self._members[name].info.instance != info.instance:
            number += 1
            name = f"{info.name}~{number}"
        self._members[name] = Member(name, info, now)
        self._silent.pop(name, None)
        return name

    def beside(self, name: str) -> int:
        """Return how many workers share a worker's machine and device, itself included."""
        if name not in self._members:
            return 1
        own = self._members[name].info
        where = own.machine, own.device
        alike = sum((one.info.machine, one.info.device) == where for one in self)
        return alike if own.machine else 1

    def see(self, name: str, now: float, progress: Progress | None = None) -> bool:
        """Note that a worker was heard of; whether that brings it back after a silence."""
        back = self._silent.pop(name, None)
        if back is not None:
            self._members[name] = back
        if name in self._members:
            self._members[name] = replace(self._members[name], seen=now, progress=progress)
        return back is not None

    def leave(self, name: str) -> bool:
        """Remove a worker; whether it was there."""
        self._silent.pop(name, None)
        return self._members.pop(name, None) is not None

    def silent(self, now: float) -> list[Member]:
        """Remove and return the workers that have not been heard of for too long."""
        gone = [member for member in self if now - member.seen >= self._seconds]
        for member in gone:
            self._silent[member.name] = self._members.pop(member.name)
        forgotten = now - REMEMBERED_PERIODS * self._seconds
        self._silent = {k: one for k, one in self._silent.items() if one.seen > forgotten}
        return gone
