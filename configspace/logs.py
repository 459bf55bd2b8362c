"""Fields of a log record in addition to its text: study, evaluation and worker.

A logging call passes them as ``extra=about(…)``. The log's formatter decides how to write them.
"""

from configspace.job import EvaluationId

FIELDS = ("study", "evaluation", "worker")
"""Names of the fields."""


def about(
    study: str | None = None, evaluation: EvaluationId | None = None, worker: str | None = None
) -> dict[str, str | None]:
    """Return the fields of a record, for the ``extra`` of a logging call."""
    named = None if evaluation is None else str(evaluation)
    return {"study": study, "evaluation": named, "worker": worker}
