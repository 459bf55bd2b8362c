"""Settings of the service: address, access, and the periods of leases and heartbeats."""

from dataclasses import dataclass

from configspace.errors import ServiceError
from master.credentials.folder import Folder, check_exposure

MAX_WORKERS = 32
"""Default number of connections served at once."""
LEASE_SECONDS = 30.0
HEARTBEAT_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceSettings:
    """Where a master listens, which workers it accepts, and how long it waits for them.

    Raises:
        ServiceError: If the address is empty, the ports are equal, or the lease is not longer than
            the time between two heartbeats.
    """

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 0
    """Port to listen on; 0 means any free port."""
    max_workers: int = MAX_WORKERS
    """Number of connections served at once."""
    credentials: Folder | None = None
    """Folder that identifies workers; without it, only workers of this machine are accepted."""
    insecure: bool = False
    """Whether workers of other machines are accepted without credentials."""
    lease_seconds: float = LEASE_SECONDS
    """Seconds without a heartbeat after which a job goes to another worker."""
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    """Seconds between two heartbeats of a worker."""
    metrics_port: int | None = None
    """Port for Prometheus on the same address; None serves no metrics."""

    def __post_init__(self) -> None:
        if not self.host.strip():
            raise ServiceError(
                f"expected a name or address of this machine for --host, got {self.host!r}",
                advice="use 127.0.0.1 for this machine alone, or 0.0.0.0 for all its addresses",
            )
        if self.port == self.metrics_port != 0:
            raise ServiceError(
                f"expected different ports for --port and --metrics-port, got {self.port} for both",
                advice="choose another --metrics-port",
            )
        if not 0 < self.heartbeat_seconds < self.lease_seconds:
            raise ServiceError(
                f"expected a --lease longer than the time between two heartbeats, got --lease "
                f"{self.lease_seconds:g} and --heartbeat {self.heartbeat_seconds:g}",
                advice="use a longer --lease or a shorter --heartbeat",
            )

    def check_access(self) -> None:
        """Check that a master may listen on its address, and can read its credentials.

        Raises:
            ServiceError: If other machines could connect without credentials, or a file of the
                credentials is missing.
        """
        check_exposure(self.host, self.credentials, insecure=self.insecure)
        if self.credentials is not None:
            self.credentials.check()
