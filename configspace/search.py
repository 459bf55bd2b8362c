"""How DARTS searches: the settings in ``[search]`` of a study or a campaign."""

from typing import Annotated, Literal

from pydantic import Field

from configspace.settings import Count, Factor, Section


class SearchSettings(Section):
    """``[search]``: how DARTS searches, apart from the hyperparameters that BOHB tunes."""

    variant: Literal["darts", "darts-second-order", "darts-single"] = "darts"
    """The search method.

    ``darts`` alternates one step of α on a validation batch and one step of the weights on a
    training batch. ``darts-second-order`` lets the step of α look through the next step of the
    weights. ``darts-single`` first trains the weights, each operation in a separate network, and
    then α alone (Sec. 5.4). Default ``darts``: the first-order method of the paper's main
    experiments.
    """
    alpha_scale: Factor = 1e-3
    """Standard deviation of α's random initial values. Default 1e-3, as in DARTS (Liu et al. 2019):
    the search starts close to equal shares."""
    warm_up_fraction: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Fraction of all steps over which a warm-up raises the step size. Default 0.1: the paper does
    not state a value, and 0.5 changes almost nothing."""
    batch_size: Annotated[int, Field(ge=2, le=1_000_000)] = 128
    """Number of signals per batch. Default 128, as in the paper's Table 5."""
    batches: Count = 19
    """Number of batches per epoch, and per validation. Default 19: 19 · 128 = 2432 signals, as in
    Sec. 5.1."""
