"""Whether the kernel considers the clock synchronized."""

from cli.local.clock import is_synchronized


def test_a_clock_is_synchronized_or_not_or_unknown() -> None:
    assert is_synchronized() in (True, False, None)
