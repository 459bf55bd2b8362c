"""The network between a worker and its master."""

from collections.abc import Sequence


class Distance:
    """Nothing in between: every worker is on the master's machine."""

    host = "127.0.0.1"
    """Address on which the master listens."""

    def reach(self, address: str) -> None:
        """Set the master's address, ``host:port``."""

    def place(self, number: int, address: str) -> tuple[Sequence[str], str]:
        """Return the command that wraps a worker's, and the master's address for that worker."""
        return (), address

    def drop(self, seconds: float) -> None:
        """Interrupt the network for some seconds."""
        raise NotImplementedError
