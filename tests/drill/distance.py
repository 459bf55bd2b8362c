"""The way from a worker to its master."""

from collections.abc import Sequence


class Distance:
    """No way at all: every worker is where the master is."""

    host = "127.0.0.1"
    """Where the master listens."""

    def reach(self, address: str) -> None:
        """Learn the master's address, ``host:port``."""

    def place(self, number: int, address: str) -> tuple[Sequence[str], str]:
        """Return the command in which a worker is run, and where it finds the master."""
        return (), address

    def drop(self, seconds: float) -> None:
        """Interrupt the way for a while."""
        raise NotImplementedError
