"""The workers that a master knows, and which of them are alive."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from configspace.errors import WireError
from configspace.protocol import PREPARING, EvaluationProgress, WorkerInfo
from configspace.versions import differing


def check_versions(info: WorkerInfo, own: Mapping[str, str]) -> None:
    """Check that a worker has the same dartboard, NumPy and engine library as the master.

    Args:
        info: Description that the worker sends when it joins.
        own: The master's versions, as `configspace.versions.versions` returns them.

    Raises:
        WireError: If it would compute different results; the advice names the versions to install.
    """
    packages = ("dartboard", "numpy", info.engine)
    found = {package: info.versions.get(package, "none") for package in packages}
    changed = differing(found, own, packages)
    if changed:
        listed = ", ".join(
            f"{name} {found} there, {expected} on the master"
            for name, (found, expected) in changed.items()
        )
        needed = " ".join(f"{name}=={expected}" for name, (_, expected) in changed.items())
        raise WireError(
            f"worker {info.name} would compute different results: {listed}",
            advice=f"install {needed} on {info.host}",
        )


@dataclass(frozen=True, slots=True)
class Member:
    """A worker, under the name that the master gave it."""

    name: str
    info: WorkerInfo
    seen: float
    """Time of its last call, in seconds."""
    progress: EvaluationProgress | None = None
    """How far it is in its evaluation, or in preparing for one, as last reported."""
    phase_began: float = 0.0
    """Time of the first call in the phase of this progress, in seconds."""

    @property
    def preparing(self) -> str | None:
        """What keeps it from evaluating, such as ``compiling kernels``; None if nothing does."""
        phase = self.progress.phase if self.progress else None
        return phase if phase in PREPARING else None

    def seen_again(self, now: float, progress: EvaluationProgress | None) -> "Member":
        """Return this worker after another call."""
        same = self.progress and progress and self.progress.phase == progress.phase
        began = self.phase_began if same else now
        return replace(self, seen=now, progress=progress, phase_began=began)


REMEMBERED_PERIODS = 20
"""How long a silent worker is remembered, in multiples of the roster's ``seconds``."""


class Roster:
    """The workers that have called within the last ``seconds``; every method gets the time."""

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

    def get(self, name: str) -> Member | None:
        """Return a live worker; None if there is no such worker."""
        return self._members.get(name)

    def join(self, info: WorkerInfo, now: float) -> str:
        """Add a worker and return its name, with a number appended if another worker has it."""
        name, number = info.name, 1
        while name in self._members and self._members[name].info.instance != info.instance:
            number += 1
            name = f"{info.name}~{number}"
        self._members[name] = Member(name, info, now)
        self._silent.pop(name, None)
        return name

    def sharing(self, name: str) -> int:
        """Return the number of workers on a worker's machine and device, including itself."""
        if name not in self._members:
            return 1
        own = self._members[name].info
        where = own.machine, own.device
        sharing = sum((one.info.machine, one.info.device) == where for one in self)
        return sharing if own.machine else 1

    def see(self, name: str, now: float, progress: EvaluationProgress | None = None) -> bool:
        """Note that a worker has called; return whether it was silent before."""
        back = self._silent.pop(name, None)
        if back is not None:
            self._members[name] = back
        if name in self._members:
            self._members[name] = self._members[name].seen_again(now, progress)
        return back is not None

    def leave(self, name: str) -> bool:
        """Remove a worker; return whether it was on the roster."""
        self._silent.pop(name, None)
        return self._members.pop(name, None) is not None

    def silent(self, now: float) -> list[Member]:
        """Remove and return the workers that have not called for too long."""
        gone = [member for member in self if now - member.seen >= self._seconds]
        for member in gone:
            self._silent[member.name] = self._members.pop(member.name)
        forgotten = now - REMEMBERED_PERIODS * self._seconds
        self._silent = {k: one for k, one in self._silent.items() if one.seen > forgotten}
        return gone
