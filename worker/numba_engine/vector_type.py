"""A Numba type for a machine vector of float32, and the LLVM instructions on it.

Numba vectorizes loops, but has no way to keep a few rows in registers. A `VectorType` value
holds ``LANES`` samples of the batch in a register. The functions here emit instructions, and return
LLVM values; `worker.numba_engine.simd` and `worker.numba_engine.winograd` make intrinsics of them.

Numba adds the kernels' fast-math flags (`worker.numba_engine.compilation`) to sums and products of
vectors, but not to `emit_fma`. LLVM may therefore regroup a sum, or fuse it with a product, in one
loop and not in another: a small change of a kernel can change the last bit of its results. No flag
lets the compiler assume that there is no NaN: NaN stays NaN.
"""

import operator
from collections.abc import Sequence
from typing import Any, TypeAlias

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, models, register_model

from worker.numba_engine import target

LANES = 16 if target.has("avx512f") else 8
"""Samples of a batch in one vector."""

Vector: TypeAlias = Any
"""A value of `VectorType` in a kernel."""
Vectors: TypeAlias = Any
"""A tuple of vectors in a kernel; its length is known when the kernel is compiled."""

Builder: TypeAlias = Any
"""LLVM's builder, to which instructions are added."""
Value: TypeAlias = Any
"""An LLVM value: a number, a vector, or an address."""


class VectorType(types.Type):  # type: ignore[misc]
    """``LANES`` float32 numbers in one register, or in a few if registers are shorter."""

    def __init__(self) -> None:
        super().__init__(name=f"float32x{LANES}")


vector = VectorType()
LLVM_VECTOR = ir.VectorType(ir.FloatType(), LANES)


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, LLVM_VECTOR)


def emit_splat(builder: Builder, scalar: Value) -> Value:
    """Return a vector with a number in every lane."""
    undefined = ir.Constant(LLVM_VECTOR, ir.Undefined)
    one = builder.insert_element(undefined, scalar, ir.IntType(32)(0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(LLVM_VECTOR, ir.Undefined), mask)


def constant_vector(value: float) -> Value:
    """Return a vector with a constant in every lane."""
    return ir.Constant(LLVM_VECTOR, [value] * LANES)


def emit_call(builder: Builder, name: str, arguments: Sequence[Value]) -> Value:
    """Call LLVM's function of vectors ``llvm.NAME`` and return its result, a vector."""
    kind = ir.FunctionType(LLVM_VECTOR, [LLVM_VECTOR] * len(arguments))
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f32")
    return builder.call(function, arguments)


def emit_fma(builder: Builder, a: Value, b: Value, c: Value) -> Value:
    """Return a · b + c."""
    return emit_call(builder, "fmuladd", [a, b, c])


def emit_address(builder: Builder, base: Value, index: Value) -> Value:
    """Return the address of the float32 at ``index`` from the integer address ``base``."""
    return builder.gep(builder.inttoptr(base, ir.FloatType().as_pointer()), [index])


def emit_addresses(
    builder: Builder, base: Value, index: Value, stride: Value, count: int
) -> list[Value]:
    """Return the addresses of the float32s at ``index + i · stride`` for i < ``count``."""
    first = emit_address(builder, base, index)
    steps = [builder.mul(stride, ir.IntType(64)(i)) for i in range(count)]
    return [builder.gep(first, [step]) for step in steps]


def emit_load(builder: Builder, address: Value, offset: int = 0) -> Value:
    """Return the vector ``offset`` float32s after an address."""
    place = builder.gep(address, [ir.IntType(64)(offset)])
    return builder.load(builder.bitcast(place, LLVM_VECTOR.as_pointer()), align=4)


def emit_load_number(builder: Builder, address: Value, offset: int) -> Value:
    """Return the float32 that is ``offset`` float32s after an address."""
    return builder.load(builder.gep(address, [ir.IntType(64)(offset)]))


def emit_store(builder: Builder, value: Value, address: Value, offset: int = 0) -> None:
    """Write a vector ``offset`` float32s after an address."""
    place = builder.gep(address, [ir.IntType(64)(offset)])
    builder.store(value, builder.bitcast(place, LLVM_VECTOR.as_pointer()), align=4)


def make_tuple(context: Any, builder: Builder, values: Sequence[Value]) -> Value:
    """Return vectors as one tuple."""
    return context.make_tuple(builder, types.UniTuple(vector, len(values)), values)


def parts_of(builder: Builder, value: Value, count: int) -> list[Value]:
    """Return the ``count`` vectors of a tuple."""
    return [builder.extract_value(value, i) for i in range(count)]


def _define_operator(sign: Any, instruction: str) -> None:
    """Define an operator for two vectors.

    Args:
        sign: The operator, a function of the module ``operator``.
        instruction: Name of the builder's method that emits it.
    """

    @infer_global(sign)
    class Typing(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            return signature(vector, *args) if args == (vector, vector) else None

    @lower_builtin(sign, vector, vector)
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*args)


for _sign, _instruction in (
    (operator.add, "fadd"),
    (operator.iadd, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define_operator(_sign, _instruction)
