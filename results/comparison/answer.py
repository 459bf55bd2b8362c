"""An answer of a comparison, as lines of text: about all studies, each pair, or each study."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.comparison.report import ComparisonReport
from results.comparison.rules import Rule
from results.stats.estimates import LEVEL


@dataclass(frozen=True, slots=True)
class Line:
    """One paragraph of an answer."""

    text: str
    study: str = ""
    """Name of the study that it is about; empty if there is one pair, or if it is about all."""

    def __str__(self) -> str:
        return f"{self.study}: {self.text}" if self.study else self.text


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question about the studies."""

    rule: Rule
    lines: tuple[Line, ...]
    judged: int
    """Number of verdicts for which there were enough runs."""
    level: float = LEVEL
    """Coverage of the interval behind each verdict."""

    @property
    def question(self) -> str:
        """The question that is answered."""
        return self.rule.question

    @property
    def text(self) -> str:
        """The whole answer."""
        return " ".join(map(str, self.lines))


def of_pairs(report: ComparisonReport, texts: Sequence[str | None]) -> tuple[Line, ...]:
    """Return one line per pair that has a text."""
    several = len(report.pairs) > 1
    return tuple(
        Line(text, pair.versus.other.study.name if several else "")
        for pair, text in zip(report.pairs, texts, strict=True)
        if text is not None
    )


def of_sides(report: ComparisonReport, parts: Sequence[str], join: str) -> tuple[Line, ...]:
    """Return one line per study that has a text; if there are two studies, one line for both."""
    if len(report.pairs) == 1:
        return (Line(capital(join.join(part for part in parts if part))),)
    return tuple(
        Line(capital(part), side.study.name)
        for side, part in zip(report.comparison.sides, parts, strict=True)
        if part
    )


def capital(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return f"{text[:1].upper()}{text[1:]}"
