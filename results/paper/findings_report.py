"""The paper's findings and what our runs say of them, as Markdown."""

from collections.abc import Mapping, Sequence

from results.paper.finding import Finding, Part
from results.paper.pooling import Tally, crashed_text, unfinished_text
from results.paper.published import Setting
from results.text import Grid, markdown, number_text

_ANSWERS = {True: "yes", False: "no", None: "not sure"}


def report(
    findings: Sequence[Finding],
    campaigns: Sequence[str],
    tallies: Mapping[Setting, Tally] | None = None,
) -> str:
    """Write a table of verdicts, then each finding with its rule and its figures.

    Args:
        findings: In the paper's order.
        campaigns: Whose runs they were put to.
        tallies: How far these are, by setting; for what is not among the runs.
    """
    verdicts = Grid(
        headings=("", "The paper's finding", "Ours"),
        rows=tuple((one.letter, one.claim, one.verdict) for one in findings),
        numeric=(False, False, False),
    )
    lines = [
        "# The paper's findings",
        "",
        f"From the runs of {', '.join(campaigns)}. A finding holds if all parts of its rule do, "
        "and does not hold if one surely fails; else it is undecided. Intervals are at 95%; n is "
        "the number of runs, the smaller one where two settings are compared. The paper's figure "
        "is from its Tables 1 to 4, where they have one.",
        "",
        *(
            line
            for said in (crashed_text(tallies or {}), unfinished_text(tallies or {}))
            if said
            for line in (f"{'; '.join(said)}.", "")
        ),
        markdown(verdicts),
    ]
    for one in findings:
        lines += [
            f"## ({one.letter}) {one.claim}",
            "",
            f"**{one.verdict}** by this rule: {one.rule}",
        ]
        lines += ["", *(_line(part) for part in one.parts), ""]
    return "\n".join(lines).rstrip() + "\n"


def _line(part: Part) -> str:
    paper = "" if part.paper is None else f"; the paper's figure: {number_text(part.paper)}"
    return f"- {part.said}: {_ANSWERS[part.passed]}{paper}"
