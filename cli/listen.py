"""Where a master listens, as it is typed and as it is told."""

import socket
from dataclasses import dataclass

from master.admission import Folder, check_exposure
from master.service import MAX_WORKERS


@dataclass(frozen=True, kw_only=True, slots=True)
class Listen:
    """Where a master listens, and whom it lets in."""

    host: str = "127.0.0.1"
    port: int = 0
    """0: any that is free."""
    max_workers: int = MAX_WORKERS
    credentials: Folder | None = None
    insecure: bool = False
    metrics_port: int | None = None
    """Where Prometheus may ask, on the same address; None: nowhere."""

    def check(self) -> None:
        """Check that a master may listen so.

        Raises:
            ServiceError: If not; says what to give it.
        """
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
