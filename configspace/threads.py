"""Threads that do not die unnoticed.

An exception in a thread ends only that thread, and whatever depends on it waits forever. A thread
of `start_thread` reports the exception to its owner, which then ends with the reason.
"""

import threading
from collections.abc import Callable

from configspace.errors import ServiceError


def start_thread(
    name: str, target: Callable[[], object], on_death: Callable[[ServiceError], object]
) -> threading.Thread:
    """Start a daemon thread.

    Args:
        name: Name of the thread, for the error.
        target: What the thread runs.
        on_death: Called in the thread, with the reason, if an exception ends it. This includes
            SystemExit, which Python would ignore in a thread.

    Returns:
        The thread.
    """

    def run() -> None:
        try:
            target()
        except BaseException as error:  # noqa: BLE001 -- reported, whatever it is
            on_death(died(name, error))

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def died(name: str, cause: BaseException) -> ServiceError:
    """Return the error that says which thread died, and of what."""
    error = ServiceError(
        f"the thread {name!r} died: {type(cause).__name__}: {cause}",
        advice="what is finished is kept; this is a bug, and 'dartboard --debug …' shows where",
    )
    error.__cause__ = cause
    return error
