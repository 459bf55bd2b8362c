"""A check of Numba's settings, before anything imports Numba for its kernels.

Numba reads variables named ``NUMBA_…`` and a file ``.numba_config.yaml`` in the current folder. One
that is left from debugging makes each worker fail, or compute with a setting that was not meant.
"""

import os
import warnings
from pathlib import Path

from configspace.errors import ServiceError

PREFIX = "NUMBA_"
FILE = ".numba_config.yaml"


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
        name = f"{PREFIX}DISABLE_JIT"
        raise ServiceError(
            f"{name} turns off Numba's compiler, which the numba engine needs",
            advice=f"unset {name}, or use --engine torch"
            if name in variables
            else f"take 'disable_jit' out of {FILE}, or use --engine torch",
        )


def _advice(variables: list[str]) -> str:
    return f"unset or correct {' or '.join(variables) or FILE}"
