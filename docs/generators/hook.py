"""The hook of mkdocs: fill in the parts of a page that are generated from the code.

A page marks such a part with a comment on a line of its own, ``<!-- generated: NAME -->``.
"""

import re

import calibration
import columns
import commands
import metrics
import rules
import settings
import signal_table

GENERATED = {
    "study-file": settings.study_file,
    "campaign-file": settings.campaign_file,
    "hyperparameters": settings.hyperparameters,
    "commands": commands.every_command,
    "metrics": metrics.every_metric,
    "columns": columns.every_column,
    "signals": signal_table.every_signal,
    "calibration": calibration.error_rates,
    "comparison-rules": rules.comparison,
    "findings-rules": rules.findings,
    "signals-rules": rules.signals,
    "methods-rules": rules.methods,
    "surrogates-rules": rules.surrogates,
    "strategies-rules": rules.strategies,
}
MARK = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: object) -> str:
    """Return the page with each mark replaced by the Markdown that its generator returns.

    Raises:
        KeyError: If the page marks a part that no generator makes; the build fails.
    """
    return MARK.sub(lambda mark: GENERATED[mark[1]](), markdown)
