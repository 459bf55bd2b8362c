"""``[strategies]`` of a campaign: searches for the best architecture, at equal cost."""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from configspace.settings import Count, Positive, Section, as_tuple

StrategyName = Literal["random", "bayesian", "descent", "supernet-descent"]
"""How the next architectures are chosen."""

Role = Literal["proposal", "start", "stencil", "step"]
"""Why a strategy asks for an architecture: to explore, as the start of a descent, for a finite
difference, or as a step of the descent."""

Part = Literal["search", "supernet", "top"]
"""What a condition of a search trains: the architectures that the strategy proposes, a supernet
over the points of a stencil, or the best architectures again from fresh seeds."""

IN_THE_PLANE: Final = frozenset({"supernet-descent"})
"""Strategies that need parameters of operations, ``[architecture] continuous``."""

Names = Annotated[tuple[StrategyName, ...], BeforeValidator(as_tuple), Field(min_length=1)]
Range = Annotated[tuple[Positive, Positive], BeforeValidator(as_tuple)]


class StrategiesSettings(Section):
    """``[strategies]``: which strategy finds the best architectures with equally many trainings.

    It makes a campaign one for ``dartboard strategies``. Each strategy searches several times, and
    the best architectures of each search are trained again from fresh seeds.
    """

    names: Names = ("random", "bayesian", "descent")
    """Strategies to compare: ``random``, ``bayesian``, ``descent`` and ``supernet-descent``. The
    last one needs ``[architecture] continuous``. Default: those that work in every space."""
    repetitions: Count = 5
    """Number of searches of each strategy, each with random numbers of its own. Default 5: the
    fewest for which an interval over the searches says something."""
    trainings: Count = 60
    """Cost of a search, in trainings of ``epochs`` epochs; a supernet costs as much as one. Default
    60: enough for a model to choose most of the architectures."""
    top: Count = 10
    """Number of the best architectures of each search that are trained again. Default 10."""
    fresh: Count = 25
    """Number of fresh seeds from which each of them is trained; they are the same for all. Default
    25: the mean score of an architecture is then known to about a fifth of the deviation of one
    training."""
    tau: Range = (0.01, 1.0)
    """Lowest and highest τ; used only with ``"tau"`` in ``[architecture] continuous``. Default 0.01
    to 1: a factor of ten on either side of the fixed 0.1."""
    dilation: Range = (0.5, 8.0)
    """Lowest and highest dilation, in samples; used only with ``"dilation"`` in ``[architecture]
    continuous``. Default 0.5 to 8: from half the usual distance of two taps to where a kernel of
    three taps spans a third of the signal."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if twice := next((name for name in self.names if self.names.count(name) > 1), None):
            raise ValueError(f"names: expected each strategy once, got {twice!r} twice")
        for name, (low, high) in (("tau", self.tau), ("dilation", self.dilation)):
            if low >= high:
                raise ValueError(f"{name}: expected [low, high], got [{low}, {high}]")
        return self


class Run(Section):
    """To which search of a campaign with ``[strategies]`` a condition belongs."""

    strategy: StrategyName
    """The strategy that searches."""
    repetition: Annotated[int, Field(ge=0)]
    """Index of the search among those of the strategy, from 0."""
    part: Part
    """What the condition trains."""
    index: Annotated[int, Field(ge=0)] = 0
    """Index of the supernet in the search, from 0; 0 for the other parts."""
    trainings: Count = 60
    """Cost of the whole search, see `StrategiesSettings`; it decides which architectures are its
    best ones."""
    top: Count = 10
    """Number of the best architectures that are trained again."""
    roles: Annotated[tuple[Role, ...], BeforeValidator(as_tuple)] = ()
    """Why the strategy asked for each architecture of the part ``search``, in order."""
