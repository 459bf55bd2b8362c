"""The study and campaign files that the pages show can be loaded."""

from pathlib import Path

import pytest

from configspace.campaign import load_campaign
from configspace.files import is_campaign
from configspace.study import load_study
from tests.docs.pages import PAGES, blocks

SHOWN = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, text in enumerate(blocks(page, "toml"))
    if text.startswith("name =")
]


@pytest.mark.parametrize("text", SHOWN)
def test_shown_files_load(text: str, tmp_path: Path) -> None:
    path = tmp_path / "shown.toml"
    path.write_text(text)
    if is_campaign(path):
        load_campaign(path)
    else:
        load_study(path)


def test_the_shown_campaign_has_both_presets(tmp_path: Path) -> None:
    (page,) = (page for page in PAGES if page.name == "run-a-campaign.md")
    path = tmp_path / "campaign.toml"
    path.write_text(blocks(page, "toml")[0])
    conditions = load_campaign(path).conditions
    assert len(conditions) == (4 + 4) * 2 * 2
    assert {condition.preset for condition in conditions} == {"H1", "mine"}
