"""Whether this machine's clock is kept right."""

import ctypes
import sys

_TIME_ERROR = 5
_TIMEX_BYTES = 512
"""More than the kernel's structure has; its first field, zero, asks for nothing to be set."""


def is_synchronized() -> bool | None:
    """Return whether the kernel knows the clock to be synchronized; None where it cannot say."""
    if sys.platform != "linux":
        return None
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    state = ctypes.CDLL(None).adjtimex(buffer)
    return None if state < 0 else bool(state != _TIME_ERROR)
