"""A check of Numba's settings, before anything imports Numba for its kernels.

Numba reads variables named ``NUMBA_…`` and a file ``.numba_config.yaml`` in the current folder. One
that is left from debugging makes each worker fail, or compute with a setting that was not meant.
"""

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

from configspace.errors import ServiceError
from configspace.python_path import python_command

PREFIX = "NUMBA_"
FILE = ".numba_config.yaml"
FEATURE = re.compile(r"[+-][\w.-]+")
"""A feature of a processor, switched on or off. LLVM aborts the process for other texts."""


def check_numba_settings() -> None:
    """Check that Numba accepts its settings and compiles.

    Without any setting, this does not import Numba.

    Raises:
        ServiceError: If a setting has no valid value, or turns the compiler off. The error names
            the variable.
    """
    variables = sorted(name for name in os.environ if name.startswith(PREFIX))
    if not variables and not Path(FILE).exists():
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            import numba
            from numba.core import config

            config.reload_config()  # for its warnings, if Numba was imported before
            numba.get_num_threads()
        except ImportError:
            return  # the engine reports that Numba is not installed
        except (RuntimeError, ValueError) as error:
            raise ServiceError(
                f"Numba does not accept its settings: {error}", advice=_advice(variables)
            ) from error
    # Numba warns of a value that it cannot read and continues with its default.
    refused = [
        name for name in variables if any(repr(name) in str(given.message) for given in caught)
    ]
    if refused:
        name = refused[0]
        raise ServiceError(
            f"expected a value that Numba can read in {name}, got {os.environ[name]!r}",
            advice=f"unset {name}",
        )
    if config.DISABLE_JIT:
        name, advice = _origin("DISABLE_JIT")
        raise ServiceError(
            f"{name} turns off Numba's compiler, which the numba engine needs",
            advice=f"{advice}, or use --engine torch",
        )
    if config.CACHE_LOCATOR_CLASSES:
        name, advice = _origin("CACHE_LOCATOR_CLASSES")
        raise ServiceError(
            f"{name} replaces Numba's cache, but dartboard has one for its kernels", advice=advice
        )
    _check_target(config.CPU_NAME, config.CPU_FEATURES)


def _check_target(processor: str | None, features: str | None) -> None:
    """Check the processor and the features to compile for; None stands for those of this machine.

    LLVM only warns of a processor or a feature that it does not know, and ignores it.
    """
    parts = [part for part in (features or "").split(",") if part]
    if wrong := [part for part in parts if not FEATURE.fullmatch(part)]:
        name, advice = _origin("CPU_FEATURES")
        raise ServiceError(
            f"expected features such as +avx2,-avx512f in {name}, got {wrong[0]!r}", advice=advice
        )
    if processor and not _is_known(processor, ""):
        name, advice = _origin("CPU_NAME")
        raise ServiceError(
            f"expected a processor that LLVM knows in {name}, got {processor!r}", advice=advice
        )
    if parts and not _is_known("", ",".join(parts)):
        name, advice = _origin("CPU_FEATURES")
        raise ServiceError(
            f"expected features that LLVM knows in {name}, got {features!r}", advice=advice
        )


def _is_known(processor: str, features: str) -> bool:
    # LLVM says so on standard error alone, or aborts its process.
    command = [*python_command(__name__), processor, features]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0 and "not a recognized" not in done.stderr


def _make_target(processor: str, features: str) -> None:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.Target.from_default_triple().create_target_machine(cpu=processor, features=features)


def _origin(setting: str) -> tuple[str, str]:
    """Return the name of a setting where the user made it, and the advice to remove it."""
    if (variable := f"{PREFIX}{setting}") in os.environ:
        return variable, f"unset {variable}"
    key = repr(setting.lower())
    return f"{key} in {FILE}", f"take {key} out of {FILE}"


def _advice(variables: list[str]) -> str:
    return f"unset or correct {' or '.join(variables) or FILE}"


if __name__ == "__main__":
    _make_target(*sys.argv[1:])
