"""The report of the findings, as Markdown."""

from results.paper.findings_report import findings_markdown
from results.paper.pooling import Tally
from results.paper.published import Setting
from tests.results.paper.test_findings import found_as_in_the_paper


def test_each_finding_has_verdict_rule_and_figures() -> None:
    written = findings_markdown(found_as_in_the_paper(), ["table1", "table3"])
    assert written.startswith("# The paper's findings\n\nFrom the runs of table1, table3.")
    assert written.count("| holds |") == 11
    assert written.count("**holds** by this rule: ") == 11
    assert "## (k) It takes about 49 random architectures to pass the median of DARTS." in written
    assert "yes; the paper's figure: 49.00\n" in written
    figures = [line for line in written.splitlines() if line.startswith("- ")]
    assert all("[" in line and ("n = 75" in line or "n = 150" in line) for line in figures)


def test_the_introduction_mentions_crashed_and_missing_trials() -> None:
    known = {
        Setting("sequential", "all", "blur", "darts", "H1"): Tally(75, 73, 2),
        Setting("cell", "all", "blur", "random", "H1"): Tally(75, 70, 0),
    }
    found = found_as_in_the_paper()
    introduction = findings_markdown(found, ["table1"], known).split("|")[0].splitlines()
    assert introduction[4:] == [
        "Blur, all ops., DARTS, H1: 2 of 75 trials crashed and are not counted.",
        "",
        "Blur, all ops., Random, H1, cell space: 70 of 75 trials so far.",
        "",
    ]
    complete = {setting: Tally(75, 75, 0) for setting in known}
    assert findings_markdown(found, ["table1"], complete) == findings_markdown(found, ["table1"])
