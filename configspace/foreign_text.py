r"""Foreign text: what libraries, operating systems, users' modules and other machines say.

It may hold characters that a store, the wire or a terminal does not take. PostgreSQL refuses NUL.
UTF-8 has no lone surrogates, which Python makes from bytes that are not UTF-8, as in a file name. A
terminal obeys escape sequences. Such text is cleaned once, where it enters.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters except tab and line feed, and surrogates."""


def cleaned(text: str) -> str:
    r"""Return a text with its unsafe characters written as escapes, such as ``\x00``.

    Cleaning a clean text does not change it.
    """
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n"))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _cleaned_if_text(value: object) -> object:
    return cleaned(value) if isinstance(value, str) else value


ForeignText = Annotated[str, BeforeValidator(_cleaned_if_text)]
"""The type of a field with foreign text, which is cleaned before all other checks."""
