"""Measured seconds are information: no table, finding or comparison depends on them."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from results.comparison.answers import answers
from results.comparison.report import comparison_report
from results.comparison.table import rows as comparison_rows
from results.frames.study import load_from
from results.paper.findings import findings
from results.paper.findings_report import findings_markdown
from results.paper.published import Number
from results.paper.rows import rows, times_to_target
from results.paper.sources import campaign_frames, together
from results.paper.table_text import grid, notes
from results.store.store import Store
from tests.results.made_up import filled
from tests.results.paper.made_up_paper import CAMPAIGNS, filled_paper


def slower(path: Path) -> Path:
    """Return a copy of a store whose trials took other times, in another proportion."""
    other = path.with_name("slower.db")
    shutil.copy(path, other)
    engine = sa.create_engine(f"sqlite:///{other}")
    with engine.begin() as connection:
        changed = connection.execute(
            sa.text(
                "UPDATE trials SET search_seconds = 1000 + 7 * search_seconds, "
                "retrain_seconds = retrain_seconds / 50"
            )
        )
        assert changed.rowcount > 0
    engine.dispose()
    return other


def without_seconds(lines: object) -> str:
    """Return the text of answers or rows, without the seconds that they mention."""
    return re.sub(r"[\d,.]+ s\b", "… s", str(lines))


def compared(path: Path) -> str:
    with Store.open(f"sqlite:///{path}") as store:
        report = comparison_report([load_from(store, "one"), load_from(store, "two")])
    table = [row for row in comparison_rows(report.comparison) if "(seconds)" not in row[0]]
    costs = [
        at.incumbent and at.incumbent.configuration for at in report.pairs[0].at_the_others_cost
    ]
    return without_seconds(([answer.text for answer in answers(report)], table, costs))


def test_a_comparison_does_not_depend_on_seconds(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(f"sqlite:///{path}") as store:
        filled(store, "one", "one-shot", seed=1, reruns=6)
        filled(store, "two", "final", seed=2, reruns=6)
    assert compared(path) == compared(slower(path))


def table(path: Path, number: Number) -> str:
    found = together(campaign_frames(f"sqlite:///{path}", CAMPAIGNS, [], what="the table"))
    made = rows(number, found)
    lines = [line[:-1] for line in grid(number, made).rows]  # the last column has the seconds
    return str((lines, notes(number, made, times_to_target(found))))


def judged(path: Path, _: Number) -> str:
    found = together(campaign_frames(f"sqlite:///{path}", CAMPAIGNS, [], what="the report"))
    return findings_markdown(findings(found), CAMPAIGNS)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    path = tmp_path_factory.mktemp("paper") / "store.db"
    filled_paper(f"sqlite:///{path}")
    return path, slower(path)


@pytest.mark.slow
@pytest.mark.parametrize(("made", "number"), [(table, 1), (table, 3), (judged, 1)])
def test_tables_and_findings_do_not_depend_on_seconds(
    pair: tuple[Path, Path], made: Callable[[Path, Number], str], number: Number
) -> None:
    one, other = pair
    assert made(one, number) == made(other, number)
