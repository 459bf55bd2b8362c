"""The documentation site builds, complete, and needs nothing from other servers."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from configspace.study import Study
from tests.docs.pages import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built site."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_pages_load_nothing_from_other_servers(site: Path) -> None:
    loading = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?(?:https?:)?//[^>]*>")
    linking = re.compile(r"<link\b[^>]*\bhref=\"?(?:https?:)?//[^>]*>")
    for page in site.rglob("*.html"):
        text = page.read_text()
        assert loading.findall(text) == [], page
        assert linking.findall(text) == [], page


def test_style_sheets_load_nothing_from_other_servers(site: Path) -> None:
    for sheet in site.rglob("*.css"):
        assert re.findall(r"url\([\"']?https?:|@import", sheet.read_text()) == [], sheet


def test_no_mark_of_a_generated_part_is_left(site: Path) -> None:
    assert [page for page in site.rglob("*.html") if "<!-- generated:" in page.read_text()] == []


def test_the_reference_has_each_key_of_a_study(site: Path) -> None:
    page = (site / "reference" / "study-file" / "index.html").read_text()
    schema = Study.model_json_schema()
    keys = list(schema["properties"])
    keys += [key for table in schema["$defs"].values() for key in table["properties"]]
    assert [key for key in keys if not re.search(rf"{key}\]?</code>", page)] == []
