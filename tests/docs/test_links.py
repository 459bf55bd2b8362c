"""The relative links of the pages outside the site; `mkdocs build --strict` checks those inside."""

import re

import pytest

from tests.docs.pages import ROOT


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_relative_links_lead_to_files(name: str) -> None:
    links = re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text())
    relative = [link for link in links if not link.startswith("https://")]
    assert [link for link in relative if not (ROOT / link).exists()] == []


def test_citation_and_changelog_name_the_version() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert f"\nversion: {version[1]}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {version[1]}\n" in (ROOT / "CHANGELOG.md").read_text()
