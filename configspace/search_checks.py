"""Whether a search can give what a study asks of it."""

from collections.abc import Sequence

from configspace.search import SearchSettings
from configspace.signals import SIGNALS, Objective, Request, signal_of


def check_search(
    search: SearchSettings, objective: Objective, signals: Sequence[Request], rungs: Sequence[int]
) -> None:
    """Check that a study's search has the objective and the signals, and can do what its name says.

    Args:
        search: Settings of the search.
        objective: Objective of the study.
        signals: Signals that ``[evaluation] signals`` lists.
        rungs: Budgets in epochs, smallest first.

    Raises:
        ValueError: If it does not.
    """
    if search.variant == "rs-ws" and signal_of(objective).needs_alpha:
        without = [signal.objective for signal in SIGNALS.values() if not signal.needs_alpha]
        raise ValueError(
            f"objective: expected one of {', '.join([*without, 'final'])} with search.variant "
            f"'rs-ws', which has no α, got {objective!r}"
        )
    if search.variant == "rs-ws" and "eigenvalue" in signals:
        raise ValueError(
            "evaluation.signals: expected no 'eigenvalue' with search.variant 'rs-ws', which has "
            "no α"
        )
    search.check_stop(rungs[-1])
    if search.variant == "darts-es" and objective == "eigenvalue-ratio":
        raise ValueError(
            "objective: expected no 'eigenvalue-ratio' with search.variant 'darts-es', which may "
            "return an epoch before which there are too few measurements for it"
        )
    needed = search.hessian.epochs_of_ratio
    if objective == "eigenvalue-ratio" and rungs[0] < needed:
        raise ValueError(
            f"objective: 'eigenvalue-ratio' needs bohb.min_epochs with a smallest rung of at "
            f"least {needed} epochs, got one of {rungs[0]}"
        )
