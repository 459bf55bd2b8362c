"""The settings of BOHB, the ``[bohb]`` table of a study file."""

from typing import Annotated

from pydantic import Field

from configspace.settings import Count, Epochs, Positive, Section


class BohbSettings(Section):
    """``[bohb]``: successive halving and the density model (Falkner et al. 2018)."""

    iterations: Annotated[int, Field(ge=1, le=1_000_000_000)] = 128
    """Number of iterations, each one bracket of successive halving.

    Default 128, as in the paper. A study may be resumed with more. A very large number means until
    Ctrl-C: a bracket is built only when it starts.
    """
    eta: Annotated[int, Field(ge=2, le=1_000_000)] = 3
    """Factor between two rungs: one configuration in ``eta`` advances to ``eta`` times the epochs.

    Default 3, as in BOHB (Falkner et al. 2018).
    """
    min_epochs: Epochs = 5.0
    """Smallest budget, in epochs.

    The rungs are ``max_epochs`` / ``eta``^k, rounded, as long as they are not below it. Default 5:
    rungs of 6, 17 and 50 epochs.
    """
    max_epochs: Epochs = 50.0
    """Largest budget, in epochs of the search and of a whole retraining.

    Default 50, as in the paper's Table 5.
    """
    parallel: Annotated[int, Field(ge=0)] = 0
    """Number of evaluations that may be in progress at once; 0: as many as there are live workers.

    Default 0, so that no worker waits. With 1 every decision is reproducible.
    """
    random_fraction: Annotated[float, Field(ge=0, le=1)] = 1 / 3
    """Fraction of configurations that are drawn at random rather than from the model.

    Default 1/3, as in hpbandster.
    """
    top_percent: Annotated[float, Field(gt=0, lt=100)] = 15.0
    """Share of the observations that count as good, in percent. Default 15, as in hpbandster."""
    min_points: Annotated[int, Field(ge=0)] = 0
    """Number of observations on one budget before the model is used; never fewer than one more than
    the free hyperparameters.

    Default 0, so that this minimum applies, as in hpbandster.
    """
    candidates: Count = 64
    """Number of candidates per configuration; the one with the best density ratio is taken.

    Default 64, as in hpbandster.
    """
    bandwidth_factor: Positive = 3.0
    """Factor by which the kernels that candidates are drawn from are wider than the good density's.

    Default 3, as in hpbandster: some candidates fall outside the region that is known to be good.
    """
    min_bandwidth: Positive = 1e-3
    """Smallest bandwidth of a kernel, on the unit scale of a hyperparameter's range.

    Default 1e-3, as in hpbandster: a model of equal observations still explores.
    """
