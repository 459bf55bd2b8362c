"""The study and campaign files that the pages show can be loaded."""

from pathlib import Path

import pytest

from configspace.campaign import load_campaign, load_searches
from configspace.files import is_campaign
from configspace.study import Study, load_study
from master.sources.study import BohbSource
from tests.docs.pages import PAGES, ROOT, blocks

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
    if "[strategies]" in text:
        load_searches(path)
    elif is_campaign(path):
        load_campaign(path)
    else:
        load_study(path)


SECONDS_PER_STEP = {"numba": 0.00066 + 0.0001, "torch": 0.018 + 0.005}
"""Seconds on one core of a step of a search and one of a retraining with ten layers: see
docs/performance.md."""
FILES = [*(ROOT / "examples").glob("*.toml"), *(ROOT / "studies").glob("*.toml")]


def seconds(study: Study) -> float:
    """Return about how long a study takes on two cores."""
    engine = "torch" if study.architecture.custom else "numba"
    search = study.model_copy(update={"objective": "one-shot"})  # the seconds are of both
    steps = BohbSource(search).progress().epochs_expected * study.search.batches
    scale = study.architecture.layers / 10 * study.evaluation.trials / 2
    return steps * SECONDS_PER_STEP[engine] * scale


@pytest.mark.parametrize("text", [*SHOWN, *(pytest.param(p.read_text(), id=p.stem) for p in FILES)])
def test_a_shown_study_ends_within_two_minutes(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shown.toml"
    path.write_text(text)
    monkeypatch.syspath_prepend(ROOT / "examples")
    if not is_campaign(path):
        assert seconds(load_study(path)) < 60  # and the compilation, and a slower machine


def test_the_shown_campaign_has_both_presets(tmp_path: Path) -> None:
    (page,) = (page for page in PAGES if page.name == "run-a-campaign.md")
    path = tmp_path / "campaign.toml"
    path.write_text(blocks(page, "toml")[0])
    conditions = load_campaign(path).conditions
    assert len(conditions) == (4 + 3) * 2 * 2
    assert {condition.preset for condition in conditions} == {"H1", "mine"}
