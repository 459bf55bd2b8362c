"""What a line of the log is about, beside its words: its study, evaluation and worker.

Whoever logs says so by ``extra=about(…)``; whoever sets the log up writes it as it likes.
"""

from configspace.job import EvaluationId

FIELDS = ("study", "evaluation", "worker")


def about(
    study: str | None = None, evaluation: EvaluationId | None = None, worker: str | None = None
) -> dict[str, str | None]:
    """Return the fields of a line, for the ``extra`` of a logging call."""
    named = None if evaluation is None else str(evaluation)
    return {"study": study, "evaluation": named, "worker": worker}
