r"""Foreign text: what libraries, operating systems, users' modules and other machines say.

It may hold characters that a store, the wire or a terminal does not take. PostgreSQL refuses NUL.
UTF-8 has no lone surrogates, which Python makes from bytes that are not UTF-8, as in a file name. A
terminal obeys escape sequences, and marks of writing direction show a line in another order than it
has. Such text is cleaned once, where it enters.
"""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator

_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters except tab and line feed, marks of writing direction, and surrogates."""
_DESCRIBED_CHARACTERS = 1_000
"""Most characters of an exception's message in a line; it may have millions."""


def cleaned(text: str) -> str:
    r"""Return a text with its unsafe characters written as escapes, such as ``\x00``.

    Cleaning a clean text does not change it.
    """
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n"))


def described(error: BaseException) -> str:
    """Return what was raised as one clean line, such as ``ValueError: no such file``.

    Nothing is certain of an exception of a user's module: its ``__str__`` may fail as well, or
    return something else. Then only its type is named. Only the start of a long message is kept.
    """
    if isinstance(error, SystemExit):
        return f"it called sys.exit({_shown(repr, error.code)})"
    message = _shown(str, error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def _shown(convert: Callable[[object], str], value: object) -> str:
    try:
        text = " ".join(cleaned(convert(value)).split())
    except (Exception, SystemExit):  # noqa: BLE001 -- a user's __str__ may raise anything
        return ""
    return text if len(text) <= _DESCRIBED_CHARACTERS else f"{text[:_DESCRIBED_CHARACTERS]} …"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _cleaned_if_text(value: object) -> object:
    return cleaned(value) if isinstance(value, str) else value


ForeignText = Annotated[str, BeforeValidator(_cleaned_if_text)]
"""The type of a field with foreign text, which is cleaned before all other checks."""
