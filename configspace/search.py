"""How DARTS searches: the settings in ``[search]`` of a study or a campaign."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from configspace.settings import Count, Factor, Section, as_tuple
from configspace.signals import short_epochs

Variant = Literal[
    "darts",
    "darts-second-order",
    "darts-single",
    "darts-es",
    "darts-ada",
    "rs-ws",
    "best-of-four",
    "r-darts-l2",
    "r-darts-dp",
]
"""The methods that search."""


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError(f"expected an odd number, got {value}")
    return value


class RsWsSettings(Section):
    """``[search.rs_ws]``: random search with weight sharing; only ``variant = "rs-ws"`` uses it."""

    architectures: Count = 1000
    """Number of random architectures that are scored with the weights of the supernet. Default
    1000, as in the code of Li & Talwalkar (2019)."""
    batches: Count = 10
    """Number of batches on which each of them is scored, the same for all. Default 10, as in the
    code of Li & Talwalkar (2019)."""
    finalists: Count = 10
    """Number of the best of them that are scored again, each on a full validation; the best of
    these is the result. Default 10, as in the code of Li & Talwalkar (2019)."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.finalists > self.architectures:
            raise ValueError(
                f"expected finalists up to architectures ({self.architectures}), "
                f"got {self.finalists}"
            )
        return self


class HessianSettings(Section):
    """``[search.hessian]``: the Hessian by α, its measurements, and the rule that stops a search.

    The rule compares means of successive eigenvalues: it stops a search if the mean about a
    measurement is more than ``factor`` times the mean ``lag`` measurements before (Zela et al.
    2020, Sec. 4.3). ``darts-es`` and ``darts-ada`` use it.
    """

    every: Count = 2
    """Epochs from one measurement to the next. The first is made after the first epoch, and one
    more after the last epoch. Default 2: the cadence of the published searches of the authors."""
    loss: Literal["mse", "psnr"] = "mse"
    """The loss whose Hessian it is: ``mse`` is the mean squared error of the validation, ``psnr``
    minus its PSNR in dB. Default ``mse``: the loss that the search minimizes."""
    window: Annotated[int, Field(ge=1, le=99), AfterValidator(_odd)] = 5
    """Number of measurements in a mean, odd. Default 5, as in the paper."""
    lag: Count = 4
    """Measurements between the two means that are compared. Default 4, as in the paper."""
    start: Annotated[float, Field(ge=0, lt=1)] = 0.2
    """Fraction of the epochs before which no epoch is returned to. Default 0.2: epoch 10 of 50, as
    in the paper."""
    factor: Annotated[float, Field(gt=1)] = 4 / 3
    """How many times larger the later mean must be. Default 4/3: the paper stops where the earlier
    mean is below 0.75 of the later one."""

    def measured(self, epochs: int) -> tuple[int, ...]:
        """Return the epochs after which the Hessian is measured, counted from 0."""
        return tuple(sorted({*range(0, epochs, self.every), epochs - 1}))

    def can_stop(self, epochs: int) -> bool:
        """Return whether the rule can stop a search with this number of epochs."""
        in_rule = range(0, epochs, self.every)
        last = len(in_rule) - 1 - self.lag - self.window // 2
        return last >= self.window // 2 and in_rule[last] >= self.start * epochs

    @property
    def epochs_of_ratio(self) -> int:
        """Fewest epochs of a search with ``eigenvalue_ratio``, which compares two means."""
        return self.every * self.window + 1


class SearchSettings(Section):
    """``[search]``: how DARTS searches, apart from the hyperparameters that BOHB tunes."""

    variant: Variant = "darts"
    """The search method.

    ``darts`` alternates one step of α on a validation batch and one step of the weights on a
    training batch. ``darts-second-order`` lets the step of α look through the next step of the
    weights. ``darts-single`` first trains the weights, each operation in a separate network, and
    then α alone (Sec. 5.4). ``darts-es`` stops when the dominant eigenvalue of the Hessian by α
    grows, and returns an earlier α; ``darts-ada`` then continues from the earlier epoch with ten
    times the weights' decay, at most twice (Zela et al. 2020). ``rs-ws`` trains the weights with
    another random architecture in each step, without α, and then scores random architectures with
    these weights. ``r-darts-l2`` searches once for each of ``weight_decays``, and ``r-darts-dp``
    once for each of ``drop_paths``; the best of these searches by a short retraining counts.
    ``best-of-four`` chooses like this among four searches of ``darts`` that differ only in their
    seed. Default ``darts``: the first-order method of the paper's main experiments.
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
    weight_decays: Annotated[
        tuple[Factor, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=16)
    ] = (1e-6, 1e-5, 1e-4, 1e-3)
    """Weight decay of the weights in each search of ``r-darts-l2``, in place of the hyperparameter
    ``param_weight_decay``; other variants ignore it.

    Default 1e-6, 1e-5, 1e-4, 1e-3: a ladder inside the range in which BOHB tunes the weight decay.
    The 3e-4 to 8.1e-3 of Zela et al. (2020) are for SGD; here Adam takes the steps.
    """
    drop_paths: Annotated[
        tuple[Annotated[float, Field(ge=0, lt=1)], ...],
        BeforeValidator(as_tuple),
        Field(min_length=1, max_length=16),
    ] = (0.0, 0.2, 0.4, 0.6)
    """Probability with which an edge is dropped in the last epoch of each search of ``r-darts-dp``;
    it rises linearly from 0 in the first epoch. Other variants ignore it. Default 0, 0.2, 0.4, 0.6,
    as in Zela et al. (2020)."""
    rs_ws: RsWsSettings = RsWsSettings()
    """Random search with weight sharing, ``[search.rs_ws]``; other variants ignore it."""
    hessian: HessianSettings = HessianSettings()
    """The measurement of the Hessian by α, ``[search.hessian]``; used by ``darts-es``,
    ``darts-ada`` and by the signals of its eigenvalue."""

    @property
    def watches(self) -> bool:
        """Whether the variant decides by the eigenvalues of the Hessian."""
        return self.variant in ("darts-es", "darts-ada")

    def check_stop(self, epochs: int) -> None:
        """Check that a variant that stops searches can stop one with this number of epochs.

        Raises:
            ValueError: If its rule needs more measurements.
        """
        if self.watches and not self.hessian.can_stop(epochs):
            raise ValueError(
                f"expected search.hessian with which {self.variant!r} can stop a search of "
                f"{epochs} epochs; its rule needs more measurements"
            )

    @property
    def unused(self) -> set[str]:
        """Names of the settings that this variant ignores; signals may use ``hessian``."""
        used = {"rs-ws": "rs_ws", "r-darts-l2": "weight_decays", "r-darts-dp": "drop_paths"}
        unused = {name for variant, name in used.items() if variant != self.variant}
        return unused if self.watches else unused | {"hessian"}

    @property
    def searches(self) -> int:
        """Number of searches per trial; the best one by a short retraining counts."""
        match self.variant:
            case "best-of-four":
                return 4
            case "r-darts-l2":
                return len(self.weight_decays)
            case "r-darts-dp":
                return len(self.drop_paths)
        return 1

    @property
    def selects(self) -> bool:
        """Whether a trial's search is chosen among several by a short retraining."""
        return self.variant in ("best-of-four", "r-darts-l2", "r-darts-dp")

    @property
    def scoring_passes(self) -> int:
        """Number of batches that random search with weight sharing scores after its epochs."""
        chosen = self.rs_ws
        return chosen.architectures * chosen.batches + chosen.finalists * self.batches

    @property
    def scoring_epochs(self) -> int:
        """Cost of these scores in epochs, rounded up.

        To score a batch counts as a third of a step, which also goes back through the network: that
        takes about twice as long.
        """
        return -(-self.scoring_passes // (3 * self.batches))

    def search_epochs(self, epochs: int, short_fraction: float) -> int:
        """Return the cost of a trial's search in epochs.

        Args:
            epochs: Epochs in which a search trains.
            short_fraction: Fraction of them that a short retraining takes.
        """
        if self.selects:
            return self.searches * (epochs + short_epochs(epochs, short_fraction))
        match self.variant:
            case "rs-ws":
                return epochs + self.scoring_epochs
            case "darts-single":  # a network of each operation, and then α
                return 3 * epochs
        return epochs
