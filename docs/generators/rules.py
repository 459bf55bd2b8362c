"""The rules behind the answers of `dartboard compare`."""

import re

from results.comparison import answers


def comparison() -> str:
    """Return the rules by which `dartboard compare` answers its questions."""
    return _below(answers.rules_markdown())


def _below(markdown: str) -> str:
    """Return the text with its headings one level lower, to stand inside a section."""
    return re.sub(r"^#", "##", markdown, flags=re.MULTILINE)
