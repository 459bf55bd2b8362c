"""The paper's findings, tested on the runs of dartboard, as Markdown."""

from collections.abc import Mapping, Sequence

from results.paper.criteria import Criterion, Finding
from results.paper.findings import VERDICT_RULE
from results.paper.pooling import Tally, crashed_text, unfinished_text
from results.paper.published import Setting
from results.text import Grid, markdown, number_text

_ANSWERS = {True: "yes", False: "no", None: "undecided"}


def findings_markdown(
    findings: Sequence[Finding],
    campaigns: Sequence[str],
    tallies: Mapping[Setting, Tally] | None = None,
) -> str:
    """Return a table of verdicts, then each finding with its rule and its figures.

    Args:
        findings: The findings in the paper's order.
        campaigns: Names of the campaigns whose runs decide the findings.
        tallies: Progress of their trials, by setting: the report mentions crashed and missing ones.
    """
    verdicts = Grid(
        headings=("", "The paper's finding", "Verdict"),
        rows=tuple((one.letter, one.claim, one.verdict) for one in findings),
        numeric=(False, False, False),
    )
    lines = [
        "# The paper's findings",
        "",
        f"From the runs of {', '.join(campaigns)}. {VERDICT_RULE} n is the "
        "number of runs, or the smaller number if two settings are compared. The paper's figure is "
        "from its Tables 1 to 4, if they have one.",
        "",
        *(
            line
            for texts in (crashed_text(tallies or {}), unfinished_text(tallies or {}))
            if texts
            for line in (f"{'; '.join(texts)}.", "")
        ),
        markdown(verdicts),
    ]
    for one in findings:
        lines += [
            f"## ({one.letter}) {one.claim}",
            "",
            f"**{one.verdict}** by this rule: {one.rule}",
        ]
        lines += ["", *(_line(criterion) for criterion in one.criteria), ""]
    return "\n".join(lines).rstrip() + "\n"


def _line(one: Criterion) -> str:
    paper = "" if one.paper is None else f"; the paper's figure: {number_text(one.paper)}"
    return f"- {one.text}: {_ANSWERS[one.passed]}{paper}"
