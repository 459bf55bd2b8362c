"""How this process stops: on a signal, or with the process that started it."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

_SHOW_CURSOR = b"\x1b[?25h"
"""Text that shows the cursor, which the live display hides. After a second signal the display has
no time to show it."""


@contextlib.contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Yield an event that the first SIGINT or SIGTERM sets. A second one ends the process at once.

    The second signal gets the kernel's default action, since an exception would wait for the
    interpreter and then for all cleanup. Nothing is lost: the store needs no cleanup, and local
    workers exit when their master is gone.
    """
    stop = threading.Event()
    kept: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def set_once(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for each in kept:
            signal.signal(each, signal.SIG_DFL)
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), _SHOW_CURSOR)

    for number in (signal.SIGINT, signal.SIGTERM):
        kept[number] = signal.signal(number, set_once)
    try:
        yield stop
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler or signal.SIG_DFL)


def exit_with(parent: int) -> None:
    """Make this process stop when another process is gone.

    Args:
        parent: The process that started this one.
    """

    def watch() -> None:
        try:
            while os.getppid() == parent:
                time.sleep(0.5)
        finally:  # without this watch, the process must not stay either
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
