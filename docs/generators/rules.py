"""The rules behind the answers and verdicts of commands."""

import re

from results.analysis import method_rules, signal_rules, strategy_rules, surrogate_rules
from results.comparison import rules as comparison_rules
from results.paper import findings as paper_findings


def comparison() -> str:
    """Return the rules by which `dartboard compare` answers its questions."""
    return _below(comparison_rules.rules_markdown())


def findings() -> str:
    """Return the rules by which `dartboard findings` judges the paper's findings."""
    return _below(paper_findings.rules_markdown())


def signals() -> str:
    """Return the rules by which `dartboard signals` judges signals."""
    return _below(signal_rules.rules_markdown())


def methods() -> str:
    """Return the rules by which `dartboard methods` compares methods."""
    return _below(method_rules.rules_markdown())


def surrogates() -> str:
    """Return the rules by which `dartboard surrogate` judges supernets."""
    return _below(surrogate_rules.rules_markdown())


def strategies() -> str:
    """Return the rules by which `dartboard strategies` compares strategies."""
    return _below(strategy_rules.rules_markdown())


def _below(markdown: str) -> str:
    """Return the text with its headings one level lower, to stand inside a section."""
    return re.sub(r"^#", "##", markdown, flags=re.MULTILINE)
