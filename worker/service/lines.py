"""Lines that arrive in pieces, over a pipe."""


class Lines:
    """Joins pieces to lines. The cost grows with their bytes, however many pieces a line has."""

    def __init__(self) -> None:
        self._pieces = bytearray()
        self._searched = 0
        """Number of bytes that have no line break."""

    def add(self, piece: bytes) -> None:
        """Add the next piece."""
        self._pieces += piece

    def next(self) -> bytes | None:
        """Return the next line without its line break; None if there is no whole line yet."""
        end = self._pieces.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._pieces)
            return None
        line = bytes(self._pieces[:end])
        del self._pieces[: end + 1]
        self._searched = 0
        return line
