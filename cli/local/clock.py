"""Whether the clock of this machine is synchronized."""

import ctypes
import sys

_TIME_ERROR = 5
_TIMEX_BYTES = 512
"""Size of the buffer; more than the kernel's structure needs. Its first field is 0: set nothing."""


def is_synchronized() -> bool | None:
    """Return whether the kernel considers the clock synchronized; None if it does not know."""
    if sys.platform != "linux":
        return None
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    state = ctypes.CDLL(None).adjtimex(buffer)
    return None if state < 0 else bool(state != _TIME_ERROR)
