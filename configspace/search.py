"""How DARTS searches: the settings in ``[search]`` of a study or a campaign."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configspace.settings import Count, Factor, Section


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

    variant: Literal["darts", "darts-second-order", "darts-single", "rs-ws"] = "darts"
    """The search method.

    ``darts`` alternates one step of α on a validation batch and one step of the weights on a
    training batch. ``darts-second-order`` lets the step of α look through the next step of the
    weights. ``darts-single`` first trains the weights, each operation in a separate network, and
    then α alone (Sec. 5.4). ``rs-ws`` trains the weights with another random architecture in each
    step, without α, and then scores random architectures with these weights. Default ``darts``: the
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
    rs_ws: RsWsSettings = RsWsSettings()
    """Random search with weight sharing, ``[search.rs_ws]``; other variants ignore it."""

    @property
    def unused(self) -> set[str]:
        """Names of the settings that this variant ignores."""
        return set() if self.variant == "rs-ws" else {"rs_ws"}

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

    def search_epochs(self, epochs: int) -> int:
        """Return the cost of a search in epochs.

        Args:
            epochs: Epochs in which the search trains.
        """
        return epochs + self.scoring_epochs if self.variant == "rs-ws" else epochs
