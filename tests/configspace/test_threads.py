"""What the owner of a thread learns when the thread dies."""

import queue

import pytest

from configspace.errors import ServiceError
from configspace.threads import start_thread


@pytest.mark.parametrize(
    "error", [DeprecationWarning("isSet() is deprecated"), MemoryError(), SystemExit(3)]
)
def test_the_owner_learns_of_a_death(error: BaseException) -> None:
    def fail() -> None:
        raise error

    deaths: queue.SimpleQueue[ServiceError] = queue.SimpleQueue()
    start_thread("port", fail, deaths.put)
    death = deaths.get(timeout=60)
    assert f"the thread 'port' died: {type(error).__name__}" in str(death)
    assert death.__cause__ is error


def test_an_orderly_end_is_no_death() -> None:
    deaths: list[ServiceError] = []
    start_thread("port", list, deaths.append).join(60)
    assert deaths == []
