"""The errors a user may meet, each with one clear line.

DartboardError
├── StudyError        a study file or its settings are wrong
├── CampaignError     a campaign file or its settings are wrong
├── StoreError        the store cannot be read or written, or holds something else
├── WireError         a message between master and worker is not what it should be
└── ServiceError      the service cannot go on: a port in use, a study that is locked, …
"""


class DartboardError(Exception):
    """Something a user can mend; the message says what was wanted, what came, what to do."""


class StudyError(DartboardError):
    """A study file cannot be read, or a setting in it is wrong."""


class CampaignError(DartboardError):
    """A campaign file cannot be read, or a setting in it is wrong."""


class StoreError(DartboardError):
    """A store cannot be opened, read or written, or lacks what was asked of it."""


class WireError(DartboardError):
    """A message between master and worker has the wrong shape, type or value."""


class ServiceError(DartboardError):
    """Master or worker cannot go on."""
