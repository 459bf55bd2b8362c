"""The messages between a worker and its master: methods, their replies, and refusals.

A worker calls six methods of one object. Each method has its own types of reply:

    join       Joined
    claim      Lease | Idle | Done | Rejoin
    heartbeat  Continue | Stop
    finish     Received | Resend
    fail       Received | Resend
    leave      Left

Any call may also get a `Refused`. Jobs, outcomes and failures are in `configspace.job`.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Generic, NamedTuple, Self, TypeVar

from pydantic import Field

from configspace.errors import WireError
from configspace.foreign_text import ForeignText, cleaned
from configspace.job import Job, Message

OBJECT = "dartboard"
"""Name of the object that workers call."""

REFUSED = "refused: "
"""Start of the text of a denied connection if a new attempt would be denied as well."""


NAME_LENGTH = 200
"""Most characters of a worker's name."""


class WorkerInfo(Message):
    """How a worker describes itself when it joins."""

    name: Annotated[ForeignText, Field(min_length=1, max_length=NAME_LENGTH)]
    """Name that the worker asks for; the master may add a number."""
    instance: Annotated[ForeignText, Field(max_length=100)]
    """Random text, new in each worker process, that distinguishes two workers of the same name."""
    pid: int
    """Process ID on the worker's host."""
    host: Annotated[ForeignText, Field(max_length=300)]
    """Name of the worker's host."""
    device: Annotated[ForeignText, Field(max_length=100)]
    """Device that evaluates, such as ``cpu`` or ``cuda:0``."""
    engine: Annotated[ForeignText, Field(max_length=100)]
    """Engine that evaluates, such as ``torch`` or ``numba``."""
    versions: dict[ForeignText, ForeignText]
    """Versions of Python and the packages, as `configspace.versions.versions` returns them."""
    machine: Annotated[ForeignText, Field(max_length=300)] = ""
    """Text that identifies the machine, also in containers; empty if unknown."""
    target: Annotated[ForeignText, Field(max_length=100)] = ""
    """Processors for which the engine's code is compiled, such as ``x86-64-v4``; empty if it does
    not matter or is unknown. It stays the same until the worker exits."""
    named: bool = True
    """Whether the name was chosen; if not, the master names the worker by its credentials."""


COMPILING, WAITING = "compiling kernels", "waiting for kernels"
"""Phases of a worker that cannot begin yet: it compiles kernels, or another process does."""
PREPARING = (COMPILING, WAITING)


class EvaluationProgress(NamedTuple):
    """How far an evaluation is, or a worker that prepares itself for the first one."""

    phase: str
    """What it does at the moment, such as ``search`` or ``compiling kernels``."""
    done: int
    """Epochs or other steps done in this phase."""
    of: int
    """Steps of this phase in total."""

    @classmethod
    def from_wire(cls, payload: object) -> "EvaluationProgress":
        """Parse ``[phase, done, of]``.

        Raises:
            WireError: If it has another form.
        """
        match payload:
            case [str(phase), int(done), int(of)] if len(phase) < 100:
                return cls(cleaned(phase), done, of)
        raise WireError(
            f"expected progress as [phase, steps done, steps in total], got {payload!r:.100}"
        )

    def to_wire(self) -> list[Any]:
        """Return the wire form, ``[phase, done, of]``."""
        return list(self)


class Reply(Message):
    """A reply of the master. Its wire form names its type under the key ``reply``."""

    @classmethod
    def tag(cls) -> str:
        """Return the name of this type on the wire."""
        return cls.__name__.lower()

    def to_wire(self) -> dict[str, Any]:
        """Return this reply as a dict of JSON's types."""
        return {"reply": self.tag(), **super().to_wire()}

    @classmethod
    def from_wire(cls, payload: object) -> Self:
        """Parse a wire form.

        Raises:
            WireError: If it names another type of reply, or its fields are not valid.
        """
        match payload:
            case {"reply": tag, **fields} if tag == cls.tag():
                return super().from_wire(fields)
        raise WireError(f"expected a reply {cls.tag()!r}, got {payload!r:.100}")


class Joined(Reply):
    """The worker is on the roster."""

    worker: str
    """Name of the worker from now on."""
    sharing: Annotated[int, Field(ge=1)]
    """Number of workers that share this machine and device, including this one."""
    heartbeat_seconds: Annotated[float, Field(gt=0)]
    """Seconds between two heartbeats."""


class Lease(Reply):
    """A job for the worker."""

    job: Job
    """What to evaluate."""
    token: str
    """Token of this attempt, which heartbeats and the result must carry."""
    sharing: Annotated[int, Field(ge=1)]
    """Number of workers that share this machine and device, including this one."""


class Idle(Reply):
    """There is no job at the moment; the worker claims again."""


class Done(Reply):
    """The master needs no more results; the worker leaves."""

    more: bool = False
    """Whether another study follows at once, at the same address."""


class Rejoin(Reply):
    """The master does not know this worker; it must join again."""


class Continue(Reply):
    """The lease is renewed; the worker continues."""


class Stop(Reply):
    """The worker has lost the lease; it stops the evaluation."""


class Received(Reply):
    """The result is in the store; the worker must not send it again."""

    accepted: bool
    """Whether the result counts; false if the evaluation already had one."""


class Resend(Reply):
    """The result may not be in the store; the worker sends it again."""


class Left(Reply):
    """The worker is off the roster."""


class Refused(Reply):
    """The call was malformed, or the master cannot use this worker."""

    problem: str
    """What the master expected and what came."""
    advice: str = ""
    """What to do next; empty if the problem says it."""

    # A refusal also goes to workers of other versions. Versions before 0.2.0 must be able to read
    # it: they look only for its text, under the key `refused`.
    def to_wire(self) -> dict[str, Any]:
        """Return this reply as a dict of JSON's types."""
        text = f"{self.problem}; {self.advice}" if self.advice else self.problem
        return {**super().to_wire(), "refused": text}

    @classmethod
    def from_wire(cls, payload: object) -> Self:
        """Parse a wire form, also that of a master before 0.2.0.

        Raises:
            WireError: If it names another type of reply, or its fields are not valid.
        """
        match payload:
            case {"reply": tag, "refused": _, **fields}:
                return super().from_wire({"reply": tag, **fields})
            case {"refused": str(text)}:
                return cls(problem=text)
        return super().from_wire(payload)


R = TypeVar("R", bound=Reply)


@dataclass(frozen=True)
class Method(Generic[R]):
    """A method that workers call."""

    name: str
    replies: tuple[type[R], ...]
    """Types of its replies, apart from `Refused`."""

    def reply_from_wire(self, payload: object) -> R | Refused:
        """Parse the reply to a call.

        Raises:
            WireError: If it is not a reply of this method, or its fields are not valid.
        """
        types: dict[object, type[R | Refused]] = {one.tag(): one for one in self.replies}
        types[Refused.tag()] = Refused
        if isinstance(payload, dict) and "refused" in payload:
            return Refused.from_wire(payload)
        tag = payload.get("reply") if isinstance(payload, dict) else None
        if not isinstance(tag, str) or tag not in types:
            raise WireError(
                f"expected a reply to {self.name!r} ({', '.join(map(str, types))}), got "
                f"{payload!r:.100}"
            )
        return types[tag].from_wire(payload)


JOIN: Method[Joined] = Method("join", (Joined,))
CLAIM: Method[Lease | Idle | Done | Rejoin] = Method("claim", (Lease, Idle, Done, Rejoin))
HEARTBEAT: Method[Continue | Stop] = Method("heartbeat", (Continue, Stop))
FINISH: Method[Received | Resend] = Method("finish", (Received, Resend))
FAIL: Method[Received | Resend] = Method("fail", (Received, Resend))
LEAVE: Method[Left] = Method("leave", (Left,))
METHODS = (JOIN, CLAIM, HEARTBEAT, FINISH, FAIL, LEAVE)
"""All methods of the object."""
