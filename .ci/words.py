"""Find words and phrases that dartboard's text avoids.

Run it as ``python .ci/words.py [PATH…]``: paths restrict it to files below them, and ``--count``
prints one number per replacement instead of each match. The list is ``words.toml`` next to this
file. Every tracked text file is read, except vendored and generated ones.
"""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".sh", ".jinja", ".cff", ".cfg", ".patch", ""}
LEFT_OUT = (
    ".ci/words.",
    "tests/ci/test_words",
    "LICENSE",
    "docs/reproduction/comparison/",
    "docs/reproduction/findings",
    "docs/reproduction/table",
)
"""How the names of files that are not searched begin."""
IGNORE = "words: ignore"
"""A line with this comment may keep its words, because other programs or stored data need them."""


class Rule(NamedTuple):
    """A pattern of one or several habits, each with what to write instead."""

    pattern: re.Pattern[str]
    habits: list[tuple[re.Pattern[str], str]]


class Match(NamedTuple):
    """A word or a phrase to replace."""

    line: int
    found: str
    instead: str


def main(arguments: list[str]) -> int:
    """Print each match as ``file:line: word: what to write``; return 1 if there is any."""
    rules = read_rules()
    below = [str(Path(name)) for name in arguments if name != "--count"]
    found: Counter[str] = Counter()
    for name in tracked_files(below):
        for match in matches((ROOT / name).read_text(encoding="utf-8"), rules):
            found[match.instead] += 1
            if "--count" not in arguments:
                print(f"{name}:{match.line}: {match.found!r}: write: {match.instead}")
    if "--count" in arguments:
        for instead, count in found.most_common():
            print(f"{count:6} {instead}")
    print(f"{found.total()} words to replace", file=sys.stderr)
    return 1 if found else 0


def matches(text: str, rules: list[Rule]) -> Iterator[Match]:
    """Yield what a text has of the habits, by line."""
    found = []
    for rule in rules:
        for match in rule.pattern.finditer(text):
            instead = next(to for habit, to in rule.habits if habit.fullmatch(match[0]))
            line = text.count("\n", 0, match.start()) + 1
            if IGNORE in text.splitlines()[line - 1]:
                continue
            found.append(Match(line, match[0].strip(), instead))
    yield from sorted(found)


def read_rules() -> list[Rule]:
    """Read the list; its words are one rule, because that is faster, and each phrase is one."""
    listed = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    flags = re.IGNORECASE | re.MULTILINE
    habits = [(re.compile(word, flags), instead) for word, instead in listed["words"].items()]
    # A word may begin or end at an underscore, so names are searched, too.
    words = rf"(?<![^\W_])(?:{'|'.join(listed['words'])})(?![^\W_])"
    anything = re.compile(".*", re.DOTALL)
    return [
        Rule(re.compile(words, flags), habits),
        *(
            Rule(re.compile(phrase, flags), [(anything, instead)])
            for phrase, instead in listed["phrases"].items()
        ),
    ]


def tracked_files(below: list[str]) -> list[str]:
    """Return the text files that git tracks, without those that are left out.

    Args:
        below: Files or folders to stay within, relative to the checkout; empty: all of it.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *below],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        name
        for name in listed.stdout.split("\0")
        if name
        and not name.startswith(LEFT_OUT)
        and Path(name).suffix in TEXT
        and (ROOT / name).is_file()
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
