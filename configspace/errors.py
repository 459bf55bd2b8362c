"""The errors that a user may see, each one clear line.

DartboardError
├── StudyError        a study file or its settings are wrong
├── CampaignError     a campaign file or its settings are wrong
├── StoreError        the store cannot be read or written, or holds something else
├── WireError         a message between master and worker is malformed
└── ServiceError      the service cannot continue: a port in use, a study that is locked, …
"""

from configspace.foreign_text import cleaned


class DartboardError(Exception):
    """Something that a user can fix.

    Attributes:
        problem: What was expected and what came.
        advice: What to do next; empty if the problem says it.
    """

    def __init__(self, problem: str, *, advice: str = "") -> None:
        problem = cleaned(problem)  # it may quote anything
        super().__init__(problem)
        self.problem = problem
        self.advice = cleaned(advice)

    def __str__(self) -> str:
        """Return the problem and the advice as one line."""
        return f"{self.problem}; {self.advice}" if self.advice else self.problem


class StudyError(DartboardError):
    """A study file cannot be read, or a setting in it is wrong."""


class CampaignError(DartboardError):
    """A campaign file cannot be read, or a setting in it is wrong."""


class StoreError(DartboardError):
    """A store cannot be opened, read or written, or does not have what was requested."""


class WireError(DartboardError):
    """A message between master and worker has the wrong shape, type or value."""


class ServiceError(DartboardError):
    """A master or worker cannot continue."""
