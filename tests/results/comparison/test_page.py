"""The page of a comparison."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from configspace.errors import DartboardError
from results.comparison.answers import answers
from results.comparison.figures import anytime_figure, mean_rows, means_figure
from results.comparison.page import page, save_page, tables
from results.comparison.report import Early, Report, report
from results.frames.study import Frames, load_from
from results.plots.scatter import study_figure
from results.stats.estimates import Estimate
from results.store.store import Store
from tests.results.comparison.reports import made_up_runs
from tests.results.made_up import filled


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> tuple[Frames, Frames]:
    folder: Path = tmp_path_factory.mktemp("page")
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        filled(store, "two", "final", seed=2, reruns=16)
        return load_from(store, "one"), load_from(store, "two")


@pytest.fixture(scope="module")
def made(frames: tuple[Frames, Frames]) -> Report:
    return report(*frames, made_up_runs(*frames))


class Elements(HTMLParser):
    """What a page is made of; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.links: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def test_the_page_holds_its_pictures_and_loads_nothing_from_elsewhere(
    made: Report, frames: tuple[Frames, Frames]
) -> None:
    elements = Elements(page(made, trials=study_figure(frames[1])))
    assert elements.counts["img"] == 4
    assert len(elements.links) == 4
    for link in elements.links:
        kind, _, content = link.partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(content).startswith(b"\x89PNG")


def test_the_page_says_every_answer_and_its_rule_and_has_every_table(made: Report) -> None:
    text = page(made)
    assert text.count("<table>") == len(tables(made)) == 7
    for answer in answers(made):
        assert text.count(answer.question.split(",")[0].split(":")[0].replace("'", "&#39;")) == 2


def test_what_was_not_run_has_no_table(frames: tuple[Frames, Frames]) -> None:
    without = report(*frames)
    assert len(tables(without)) == 5
    assert "param_* of one-shot" not in page(without)


def test_every_row_of_a_table_is_as_long_as_its_head(made: Report) -> None:
    for table in tables(made):
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.head)}


def test_what_was_re_run_at_equal_cost_is_in_its_table_and_in_the_picture(made: Report) -> None:
    def of_final(shown: Report) -> tuple[str, ...]:
        (table,) = (one for one in tables(shown) if one.title.startswith("What each study had"))
        return table.rows[1]

    assert of_final(made)[4] == "(0, 0, 0)@50"
    assert of_final(made)[5].endswith(", the best of 1")
    assert of_final(made)[6] == "not re-run"
    mean = Estimate(21.0, 20.5, 21.5, 16)
    assert made.crossed is not None
    shown = replace(made, early=Early(mean, mean, made.crossed.contrast))
    assert of_final(shown)[6] == "21.00 [20.50, 21.50], n = 16"
    assert ("final study's at the other's cost", mean) in [row[:2] for row in mean_rows(shown)]


def test_each_setting_has_a_mean_with_its_interval_in_the_picture(made: Report) -> None:
    (axes,) = means_figure(made).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == len(mean_rows(made)) == 6
    assert labels[0] == "one-shot study's incumbent, re-run (n = 12)"
    intervals = axes.lines[0::2]
    for line, (_, estimate, _) in zip(intervals, mean_rows(made), strict=True):
        assert np.asarray(line.get_xdata()).tolist() == [estimate.low, estimate.high]


def test_the_curves_end_at_the_studies_costs_and_the_others_cost_is_marked(made: Report) -> None:
    panels = anytime_figure(made).axes
    sides = made.comparison.sides
    for axes, side, other in zip(panels, sides, reversed(sides), strict=True):
        curve, mark = axes.lines
        assert np.asarray(curve.get_xdata()).max() == side.cost.epochs
        assert set(np.asarray(mark.get_xdata())) == {other.cost.epochs}
    assert [re.sub(r" PSNR.*", "", axes.get_ylabel()) for axes in panels] == [
        "best observed one-shot",
        "best observed architecture",
    ]


def test_a_page_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DartboardError, match=r"cannot write .*No such file"):
        save_page("<html>", tmp_path / "none" / "page.html")
