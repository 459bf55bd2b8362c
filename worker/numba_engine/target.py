"""The processor for which the kernels are compiled: this machine's, or a named class of processors.

Kernels that are compiled for the processor of one machine need not run on another one. An image is
for many machines, so its kernels are compiled for each class in `NAMED` when it is built. A process
chooses its target once, at its start: the best one in the image that the processor can run. Without
such kernels it is the processor itself. Two targets may round differently.
"""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import llvmlite.binding as llvm
from numba.core import config

_V3 = ("avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")

NAMED = {
    "x86-64-v4": (*_V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
    "x86-64-v3": _V3,
}
"""Classes of processors, best first, and the features that each needs beyond those of all."""

COMPILED_LIST = Path(__file__).parent / "__pycache__" / "targets.txt"
"""The classes for which this image has compiled kernels, one per line; no file without an image."""


def best(compiled: Path, features: Mapping[str, bool]) -> str | None:
    """Return the best class for which there are compiled kernels that a processor can run.

    Args:
        compiled: A file like `COMPILED_LIST`; it may be missing.
        features: Features of the processor, as LLVM names them.
    """
    try:
        names = compiled.read_text(encoding="ascii").split()
    except OSError:
        return None
    usable = (name for name in NAMED if name in names and all(map(features.get, NAMED[name])))
    return next(usable, None)


def environment(name: str) -> dict[str, str]:
    """Return the variables with which Numba compiles for a class, and for no more than it has."""
    return {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": ""}


def _choose() -> str:
    # A user may have chosen a target for Numba.
    if config.CPU_NAME is None and (name := best(COMPILED_LIST, llvm.get_host_cpu_features())):
        os.environ.update(environment(name))  # for this process, and for those that it starts
        config.reload_config()
    return str(config.CPU_NAME or llvm.get_host_cpu_name() or platform.machine())


TARGET = _choose()
"""Name of the target, such as ``x86-64-v4``, or ``znver4`` for a processor of this machine."""


def has(feature: str) -> bool:
    """Return whether the target has a feature, as LLVM names it."""
    if TARGET in NAMED and config.CPU_FEATURES == "":
        return feature in NAMED[TARGET]
    return bool(llvm.get_host_cpu_features().get(feature))
