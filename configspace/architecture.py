"""``[architecture]``: the search space and its operations."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from configspace.custom import is_custom, source_digest
from configspace.errors import StudyError
from configspace.operations import parse_operation
from configspace.settings import Digest, Factor, Section, as_tuple


def _custom(value: str) -> str:
    if not is_custom(value):
        raise ValueError("expected a class as 'package.module:Class'")
    return value


CustomName = Annotated[str, AfterValidator(_custom)]


class ArchitectureSettings(Section):
    """``[architecture]``: the search space (Sec. 4.1 and 4.2) and its operations (Sec. 4.3)."""

    space: Literal["sequential", "cell"] = "sequential"
    """The search space: ``sequential`` is a row of layers; ``cell`` is a row of cells, each a graph
    of states.

    Default ``sequential``: the space of most of the paper's experiments.
    """
    operations: Literal["good", "all"] = "all"
    """The operation set: ``good`` is learnable gradient descent and the 2-layer CNN; ``all`` adds
    the two harmful operations, roll and noise.

    Default ``all``: the harder set, in which a search can go wrong.
    """
    layers: Annotated[int, Field(ge=1, le=64)] = 10
    """Number of layers of the sequential space; the cell space ignores it. Default 10, as in the
    paper."""
    cells: Annotated[int, Field(ge=1, le=8)] = 2
    """Number of cells of the cell space; the sequential space ignores it. Default 2, as in the
    paper."""
    states: Annotated[int, Field(ge=2, le=16)] = 5
    """Number of states of a cell after its input; the sequential space ignores it.

    Each state has an edge from the input and from every earlier state. Default 5, as in the
    paper: 15 edges per cell.
    """
    channels: Annotated[int, Field(ge=1, le=512)] = 16
    """Number of hidden channels of the learnable mapping n(u).

    Default 16: the paper does not state a value. With 4 channels the best scores stay below the
    paper's.
    """
    kernel_size: Literal[3, 5] = 3
    """Kernel size of the convolutions of n(u), in samples. Default 3: the paper does not state a
    value."""
    tau: Annotated[Factor, Field(gt=0)] = 0.1
    """Step size τ of the gradient steps; no optimizer changes it. Default 0.1: the paper does not
    state a value."""
    operation_noise: Factor = 1.0
    """Standard deviation of the white noise that the noise operation adds, in the signal's units.
    Default 1: the paper does not state a value."""
    roll_shift: int = 1
    """Number of samples by which the roll operation shifts a signal. Default 1: the paper does not
    state a value."""
    custom: Annotated[tuple[CustomName, ...], BeforeValidator(as_tuple)] = ()
    """Custom operations that join the set, each as ``package.module:Class``. Default: none.

    They need the sequential space and run on the PyTorch engine.
    """
    sources: Annotated[tuple[Digest, ...], BeforeValidator(as_tuple)] = ()
    """SHA-256 of the file of each custom operation, in the order of ``custom``.

    By default they are computed when the study is loaded. If the study file states them, loading
    checks that the files have not changed.
    """

    continuous: Annotated[tuple[Literal["tau", "dilation"], ...], BeforeValidator(as_tuple)] = ()
    """Parameters of the operations that an architecture may state for each layer: ``tau``, the step
    size τ, and ``dilation``, the distance between the taps of n(u) in samples, which need not be a
    whole number. An operation without a stated value has τ from ``tau`` above, and dilation 1.

    Default: none. They need the sequential space, without custom operations.
    """
    points: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    """Learnable gradients with values of their parameters that replace the operation set of a
    supernet, such as ``learnable_gradient(tau=0.2,dilation=1.5)``; two or more.

    Each has a CNN n(u) of its own, and all those of a layer start from the same weights. Default:
    none. They need ``continuous``, and such a supernet runs on the PyTorch engine.
    """

    # Before 0.2.0 the key was `own`. Stores and digests keep that name, so that older studies
    # resume and every trial keeps its seed.
    @model_validator(mode="before")
    @classmethod
    def _from_stored(cls, settings: Any) -> Any:
        if isinstance(settings, dict) and "own" in settings and "custom" not in settings:
            return {("custom" if key == "own" else key): settings[key] for key in settings}
        return settings

    @model_serializer(mode="wrap")
    def _to_stored(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {("own" if key == "custom" else key): value for key, value in dump(self).items()}

    @model_validator(mode="after")
    def _custom_fits(self) -> Self:
        if self.custom and self.space != "sequential":
            raise ValueError(
                f"expected space 'sequential' with custom operations, got {self.space!r}"
            )
        if twice := next((name for name in self.custom if self.custom.count(name) > 1), None):
            raise ValueError(f"custom: expected each operation once, got {twice!r} twice")
        if self.sources and len(self.sources) != len(self.custom):
            counts = f"none or {len(self.custom)}, one per operation, got {len(self.sources)}"
            raise ValueError(f"sources: expected {counts}")
        return self

    @model_validator(mode="after")
    def _continuous_fits(self) -> Self:
        if len(set(self.continuous)) < len(self.continuous):
            raise ValueError(f"continuous: expected each parameter once, got {self.continuous}")
        if self.continuous and (self.space != "sequential" or self.custom):
            raise ValueError(
                "continuous: expected none except in the sequential space without custom operations"
            )
        if not self.points:
            return self
        if len(set(self.points)) < max(2, len(self.points)):
            raise ValueError(f"points: expected two or more that differ, got {self.points}")
        for point in self.points:
            base, parameters = parse_operation(point)
            if base != "learnable_gradient" or not parameters.keys() <= set(self.continuous):
                raise ValueError(
                    "points: expected learnable_gradient with parameters among "
                    f"continuous = {self.continuous}, got {point!r}"
                )
        return self

    def check_variant(self, variant: str) -> None:
        """Check that a variant of the search can choose among these operations.

        Raises:
            ValueError: If it cannot: DARTS-single trains the two built-in CNNs one by one.
        """
        for key in ("custom", "points"):
            if getattr(self, key) and variant == "darts-single":
                raise ValueError(
                    f"architecture.{key}: expected none with the variant 'darts-single'"
                )

    def identified(self) -> Self:
        """Return the same settings with the source digests of custom operations filled in.

        Raises:
            StudyError: If a file cannot be found, or its digest is not the stated one.
        """
        found = tuple(source_digest(name) for name in self.custom)
        if self.sources not in ((), found):
            raise StudyError(
                f"architecture.sources: expected {', '.join(self.sources)}, got "
                f"{', '.join(found)} for the files of the custom operations",
                advice="restore those files, or put the new digests into a study with another name",
            )
        return self.model_copy(update={"sources": found}) if found else self

    @property
    def edges(self) -> int:
        """Number of places for an operation: the layers, or all edges of all cells."""
        if self.space == "sequential":
            return self.layers
        return self.cells * self.states * (self.states + 1) // 2

    @property
    def parts(self) -> int:
        """Number of cells, or of layers in the sequential space."""
        return self.layers if self.space == "sequential" else self.cells

    @property
    def unused(self) -> set[str]:
        """Names of the settings that this space ignores or does not use."""
        unused = {"cells", "states"} if self.space == "sequential" else {"layers"}
        optional = {
            "custom": self.custom,
            "sources": self.custom,
            "continuous": self.continuous,
            "points": self.points,
        }
        return unused | {name for name, value in optional.items() if not value}
