"""Print constraints that install the oldest versions that ``pyproject.toml`` allows.

``python .ci/oldest.py > FILE`` turns each ``name>=X`` of the dependencies, and of the tests' own,
into ``name==X``. Packages that have no lower bound there stay free.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AS_PINNED = ("torch",)
"""Taken from ``constraints.txt``: an old PyTorch comes as a build for CUDA, of several GB."""


def main() -> None:
    """Print one constraint per line."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    print("\n".join(oldest(project, pinned)))


def oldest(project: dict, pinned: list[str]) -> list[str]:
    """Return the constraints.

    Args:
        project: The table ``[project]`` of ``pyproject.toml``.
        pinned: The lines of ``constraints.txt``.
    """
    requirements = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    constraints = [line for line in pinned if line.partition("==")[0] in AS_PINNED]
    for requirement in requirements:
        # The name, perhaps an extra such as [binary], and the first bound.
        bound = re.match(r"([\w.-]+)(?:\[\w+\])?[>=]=([\w.]+)", requirement)
        if bound is not None and bound[1] not in AS_PINNED:
            constraints.append(f"{bound[1]}=={bound[2]}")
    return constraints


if __name__ == "__main__":
    main()
