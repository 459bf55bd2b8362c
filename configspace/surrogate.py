"""``[surrogate]`` of a campaign: architectures that supernets score without training them."""

from typing import Annotated

from pydantic import BeforeValidator

from configspace.settings import Count, Section, as_tuple

Architecture = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
"""An operation per edge."""


class Candidates(Section):
    """Architectures that the supernet of each trial scores after its search."""

    architectures: Annotated[tuple[Architecture, ...], BeforeValidator(as_tuple)]
    """The architectures, each one operation per edge."""
    batches: Count
    """Number of batches per score."""


class SurrogateSettings(Section):
    """``[surrogate]``: how well trained supernets rank architectures that they did not choose.

    It makes a campaign one for ``dartboard surrogate``. Random architectures are trained, each
    twice: the condition ``random`` and its signal ``second-final``. Each search scores all of them
    with the weights of its supernet.
    """

    architectures: Count = 256
    """Number of random architectures, for each problem, space, operation set and hyperparameter
    configuration. Default 256: Spearman's correlation then has an interval of about 0.1 on either
    side."""
    batches: Count = 10
    """Number of batches on which a supernet scores each architecture; they are the same for all
    architectures. Default 10, as in random search with weight sharing."""
