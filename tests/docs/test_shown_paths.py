"""The files and folders that the pages name exist."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT

FOLDERS = "benchmarks|cli|configspace|docs|examples|master|results|studies|tests|worker"
NAMED = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_paths_exist(page: Path) -> None:
    paths = NAMED.findall(page.read_text())
    assert [path for path in paths if not (ROOT / path).exists()] == []
