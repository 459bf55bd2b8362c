"""The phases of an evaluation, and what each costs."""

from collections.abc import Sequence

from configspace.search import SearchSettings
from configspace.signals import Objective, Request, training_epochs


def phases_of(
    search: SearchSettings | None,
    objective: Objective,
    requests: Sequence[Request],
    epochs: int,
    short_fraction: float,
) -> dict[str, int]:
    """Return the phases of an evaluation in their order, with the cost of each.

    Args:
        search: Settings of its search; None if it trains given architectures.
        objective: Objective of the evaluation.
        requests: All measurements that it makes. The Hessian has no phase of its own.
        epochs: Epochs of a search and of a whole retraining.
        short_fraction: Fraction of them that a short retraining takes.

    Returns:
        Cost of each phase by its name, in epochs per trial.
    """
    searching = {} if search is None else {"search": search.search_epochs(epochs, short_fraction)}
    retraining = {"retrain": epochs} if objective == "final" else {}
    further = {
        name: training_epochs(name, epochs, short_fraction)
        for name in ("short", "second-final")
        if name in requests
    }
    return searching | retraining | further
