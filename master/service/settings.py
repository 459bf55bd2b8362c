"""Where a master listens, as it is typed and as it is told."""

import socket
from dataclasses import dataclass

from configspace.errors import ServiceError
from master.credentials.folder import Folder, check_exposure
from master.service.master import HEARTBEAT_SECONDS, LEASE_SECONDS, MAX_WORKERS


@dataclass(frozen=True, kw_only=True, slots=True)
class Listen:
    """Where a master listens, and whom it lets in."""

    host: str = "127.0.0.1"
    port: int = 0
    """0: any that is free."""
    max_workers: int = MAX_WORKERS
    credentials: Folder | None = None
    insecure: bool = False
    lease_seconds: float = LEASE_SECONDS
    """How long a job stays a silent worker's."""
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    """How often a worker is to be heard of."""
    metrics_port: int | None = None
    """Where Prometheus may ask, on the same address; None: nowhere."""

    def check(self) -> None:
        """Check that a master may listen so.

        Raises:
            ServiceError: If not; says what to give it.
        """
        if not 0 < self.heartbeat_seconds < self.lease_seconds:
            raise ServiceError(
                f"wanted a --lease longer than the time between two heartbeats, got --lease "
                f"{self.lease_seconds:g} and --heartbeat {self.heartbeat_seconds:g}"
            )
        check_exposure(self.host, self.credentials, insecure=self.insecure)
        if self.credentials is not None:
            self.credentials.check()

    def invitation(self, address: str) -> str:
        """Say how workers are started, for the address on which it listens."""
        host, _, port = address.rpartition(":")
        if host in ("0.0.0.0", "[::]"):  # every address of this machine; a worker needs one
            host = socket.gethostname()
        line = f"listening on {address}; start workers with: dartboard worker {host}:{port}"
        if self.credentials is not None:
            return f"{line} --credentials FILE"
        if self.insecure:
            line += (
                "\nwithout credentials: whoever reaches this port can take jobs and give results"
            )
        return line
