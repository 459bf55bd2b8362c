"""Names and numbers of things in messages."""

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


def counted(count: int, thing: str) -> str:
    """Return a number of things, such as ``1 study`` or ``1,500 studies``.

    Args:
        count: The number.
        thing: One of them, whose plural is regular.
    """
    if count == 1:
        return f"1 {thing}"
    plural = f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
    return f"{count:,} {plural}"
