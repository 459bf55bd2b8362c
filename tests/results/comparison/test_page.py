"""The page of a comparison."""

import base64
import html
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from configspace.errors import DartboardError
from results.comparison.answers import accounting, answers
from results.comparison.overview import overview_headings
from results.comparison.page import markdown, page, save_page, tables
from results.comparison.report import ComparisonReport, EqualCost, comparison_report
from results.comparison.rules import INTERVALS, rules
from results.comparison.table import rows, verdict
from results.frames.study import Frames, load_from
from results.plots.study import trials_figure
from results.stats.estimates import Estimate
from results.store.store import Store
from tests.results.comparison.reports import made_up_extra_trials
from tests.results.comparison.several import report_of, several
from tests.results.made_up import filled


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> tuple[Frames, Frames]:
    folder: Path = tmp_path_factory.mktemp("page")
    with Store.open(f"sqlite:///{folder}/store.db") as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        filled(store, "two", "final", seed=2, reruns=16)
        return load_from(store, "one"), load_from(store, "two")


@pytest.fixture(scope="module")
def made(frames: tuple[Frames, Frames]) -> ComparisonReport:
    return comparison_report(frames, [made_up_extra_trials(*frames)])


class Elements(HTMLParser):
    """Elements of a page; fails on tags that do not match."""

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


@pytest.mark.slow
def test_the_page_embeds_its_pictures(
    made: ComparisonReport, frames: tuple[Frames, Frames]
) -> None:
    elements = Elements(page(made, trials=trials_figure(frames[1])))
    assert elements.counts["img"] == 5
    assert len(elements.links) == 5
    for link in elements.links:
        kind, _, content = link.partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(content).startswith(b"\x89PNG")


def test_the_page_has_every_table(made: ComparisonReport) -> None:
    assert page(made).count("<table>") == len(tables(made)) + 1 == 8


def test_the_page_shows_every_question_twice(made: ComparisonReport) -> None:
    text = html.unescape(page(made))
    for answer in answers(made):
        assert text.count(answer.question) == 2


@pytest.mark.slow
def test_every_answer_on_the_page_has_its_rule(
    made: ComparisonReport, frames: tuple[Frames, Frames]
) -> None:
    for report in (made, comparison_report(frames)):
        text = html.unescape(page(report))
        for answer in answers(report):
            assert f"<p>{answer.text}</p>" in text
            assert f"<b>{answer.question}</b> {answer.rule.text}</p>" in text
            assert answer.rule in rules()
        assert INTERVALS in text
        assert accounting(answers(report)) in text


@pytest.mark.slow
def test_what_was_not_run_has_no_table(frames: tuple[Frames, Frames]) -> None:
    without = comparison_report(frames)
    assert len(tables(without)) == 5
    assert "param_* of one-shot" not in page(without)


def test_rows_are_as_long_as_their_head(made: ComparisonReport) -> None:
    for table in tables(made):
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.head)}


def at_the_others_cost(report: ComparisonReport) -> tuple[str, ...]:
    """Return the final study's row of the table of costs."""
    (table,) = (one for one in tables(report) if one.title.startswith("What each study had"))
    return table.rows[1]


def test_the_table_of_costs_shows_the_best_by_then(made: ComparisonReport) -> None:
    cells = at_the_others_cost(made)
    assert cells[:4] == ("two", "1,818", "27", "909")
    assert cells[4] == "(0, 0, 0)@50"
    assert cells[5].endswith(", the best of 1")
    assert cells[6] == "not re-run"


def test_the_table_of_costs_shows_re_runs(made: ComparisonReport) -> None:
    mean = Estimate(21.0, 20.5, 21.5, 16)
    (pair,) = made.pairs
    assert pair.crossed is not None
    shown = replace(pair, equal_cost=EqualCost(mean, mean, pair.crossed.contrast))
    assert at_the_others_cost(replace(made, pairs=(shown,)))[6] == "21.00 [20.50, 21.50], n = 16"


@pytest.mark.slow
@pytest.mark.parametrize("others", [2, 4])
def test_the_page_shows_each_study_once_per_table(tmp_path: Path, others: int) -> None:
    made = report_of(several(tmp_path, others))
    text = html.unescape(page(made))
    elements = Elements(page(made))
    assert elements.counts["img"] == 4
    assert elements.counts["table"] == len(tables(made)) + 1 == 7 + others
    names = [*(f"other-{index}" for index in range(others)), "final"]
    assert f"<title>{', '.join(names[:-1])} against final</title>" in text
    at_a_glance = text[: text.index("<h2>Answers</h2>")]
    for name in names:
        assert at_a_glance.count(f"<tr><td>{name}</td>") == 1
    for name in names[:-1]:
        assert text.count(f"<p><b>{name}</b>: Re-run, ") == 1
    (reruns,) = (table for table in tables(made) if table.title.startswith("The incumbents re-run"))
    assert reruns.head == ("", *names)


@pytest.mark.slow
def test_markdown_has_both_tables_and_the_verdicts(tmp_path: Path) -> None:
    made = report_of(several(tmp_path, 2))
    text = markdown(made)
    assert text.count("\n| ") + 1 == 2 + 3 + 2 + len(rows(made.comparison))
    assert " | ".join(overview_headings(made)) in text
    for versus in made.comparison.versus:
        assert f"{versus.other.study.name}: {verdict(versus)}\n" in text


def test_an_unwritable_page_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DartboardError, match=r"cannot write .*No such file"):
        save_page("<html>", tmp_path / "none" / "page.html")
