"""The modules that generate parts of the site; mkdocs imports them by their files."""

import importlib.util
from typing import Any

from tests.docs.pages import ROOT


def generator(name: str) -> Any:
    """Return a module of ``docs/generators``."""
    path = ROOT / "docs" / "generators" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"docs_generators_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
