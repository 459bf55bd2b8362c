"""How DARTS searches: the settings in ``[search]`` of a study or a campaign."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from configspace.settings import Count, Factor, Section, as_tuple
from configspace.signals import short_epochs


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


class SearchSettings(Section):
    """``[search]``: how DARTS searches, apart from the hyperparameters that BOHB tunes."""

    variant: Literal[
        "darts",
        "darts-second-order",
        "darts-single",
        "rs-ws",
        "best-of-four",
        "r-darts-l2",
        "r-darts-dp",
    ] = "darts"
    """The search method.

    ``darts`` alternates one step of α on a validation batch and one step of the weights on a
    training batch. ``darts-second-order`` lets the step of α look through the next step of the
    weights. ``darts-single`` first trains the weights, each operation in a separate network, and
    then α alone (Sec. 5.4). ``rs-ws`` trains the weights with another random architecture in each
    step, without α, and then scores random architectures with these weights. ``r-darts-l2``
    searches once for each of ``weight_decays``, and ``r-darts-dp`` once for each of ``drop_paths``;
    the best of these searches by a short retraining counts. ``best-of-four`` chooses like this
    among four searches of ``darts`` that differ only in their seed. Default ``darts``: the
    first-order method of the paper's main experiments.
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

    @property
    def unused(self) -> set[str]:
        """Names of the settings that this variant ignores."""
        used = {"rs-ws": "rs_ws", "r-darts-l2": "weight_decays", "r-darts-dp": "drop_paths"}
        return {name for variant, name in used.items() if variant != self.variant}

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
        return epochs + (self.scoring_epochs if self.variant == "rs-ws" else 0)
