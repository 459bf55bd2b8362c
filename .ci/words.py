"""Find words and phrases that STYLE keeps out of the project's text.

Run it as ``python .ci/words.py``; ``--count`` prints only the number for each pattern. The list is
``words.toml`` next to this file. Every tracked text file is read, except vendored and generated
ones.
"""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".sh", ".jinja", ".cff", ".cfg", ".patch", ""}
LEFT_OUT = (".ci/words.", "LICENSE", "docs/reproduction/findings", "docs/reproduction/table")


def main(arguments: list[str]) -> int:
    """Print each match as ``file:line: word: what to write``; return 1 if there is any."""
    patterns = load_patterns()
    found: Counter[str] = Counter()
    for path in tracked_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for pattern, instead in patterns:
                for match in pattern.finditer(line):
                    found[pattern.pattern] += 1
                    if "--count" not in arguments:
                        where = path.relative_to(ROOT)
                        print(f"{where}:{number}: {match[0].strip()!r}: write: {instead}")
    if "--count" in arguments:
        for name, count in found.most_common():
            print(f"{count:6} {name[:80]}")
    print(f"{found.total()} words to replace", file=sys.stderr)
    return 1 if found else 0


def load_patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return the patterns with their replacements; a word counts in names with underscores, too."""
    listed = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    words = {rf"(?<![^\W_])(?:{word})(?![^\W_])": to for word, to in listed["words"].items()}
    both = {**words, **listed["phrases"]}
    return [(re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in both.items()]


def tracked_files() -> list[Path]:
    """Return the text files that git tracks, without those that are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [name for name in listed.stdout.split("\0") if name and not name.startswith(LEFT_OUT)]
    return [ROOT / name for name in names if Path(name).suffix in TEXT and (ROOT / name).is_file()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
