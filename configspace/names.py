"""Names in messages: all of a few, or the nearest of many."""

from collections.abc import Sequence
from difflib import get_close_matches

_FEW = 8


def nearest(name: str, names: Sequence[str]) -> str:
    """Return the names that exist, for the message about one that does not.

    Args:
        name: The name that was given.
        names: The names that exist.

    Returns:
        All names if they are few. Otherwise those that are nearest to the given one, or the first
        ones if none is near, and how many more there are. Empty if there are none.
    """
    if len(names) <= _FEW:
        return ", ".join(map(repr, names))
    some = get_close_matches(name, names, n=3) or names[:3]
    return f"{', '.join(map(repr, some))} and {len(names) - len(some):,} more"
