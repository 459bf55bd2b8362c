"""The pages of the documentation, and the code blocks that they show."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if "reproduction" not in path.parts),
)


def blocks(page: Path, language: str = "") -> list[str]:
    """Return the text of a page's code blocks in a language, without their fences."""
    found = re.findall(r"^```([\w-]*)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [text for shown, text in found if shown == language]
