"""Choose an engine for a device and for the settings of a job."""

import sys
from collections.abc import Callable
from pathlib import Path

from configspace.architecture import ArchitectureSettings
from configspace.errors import ServiceError
from configspace.protocol import COMPILING, WAITING
from configspace.search import SearchSettings
from worker.engine.contract import Engine
from worker.numba_engine.environment import check_numba_settings

Report = Callable[[str, int, int], None]
"""Called with (phase, steps done, total steps), such as ``("search", 3, 50)``."""

NAMES = ("auto", "torch", "numba")
"""Names of the engines; ``auto`` chooses one of the others."""


def choose_engine(name: str, device: str, threads: int | None = None) -> Engine:
    """Return the engine with a name, on a device.

    This function imports the engine's library, because importing PyTorch takes a second.

    Args:
        name: ``torch``, ``numba`` or ``auto``. ``auto`` chooses numba on the CPU if numba can be
            imported, and torch otherwise.
        device: ``cpu``, a PyTorch device such as ``cuda:0``, or ``auto``. ``auto`` chooses a GPU if
            PyTorch finds one and the engine runs on GPUs, and the CPU otherwise.
        threads: Number of threads of the numba engine; None means one per processor. The threads
            of PyTorch belong to the process, which sets their number itself.

    Raises:
        ServiceError: If the engine is unknown, or does not run on the device on this machine, or
            a setting of Numba is wrong.
    """
    if device == "auto":
        device = "cuda" if name != "numba" and _has_gpu() else "cpu"
    if device == "cpu" and name in ("auto", "numba"):
        check_numba_settings()  # not within `auto`, which would choose torch instead
    match name:
        case "torch":
            return _torch(device)
        case "numba":
            return _numba(device, threads)
        case "auto" if device == "cpu":
            try:
                return _numba(device, threads)
            except ServiceError:
                return _torch(device)
        case "auto":
            return _torch(device)
        case _:
            raise ServiceError(f"expected an engine among {', '.join(NAMES)}, got {name!r}")


def able_engine(
    chosen: Engine, name: str, architecture: ArchitectureSettings, search: SearchSettings
) -> Engine:
    """Return an engine that supports these settings: the chosen one, or torch.

    Args:
        chosen: Engine that `choose_engine` returned.
        name: Name that `choose_engine` received. With ``auto``, the torch engine replaces a chosen
            engine that does not support the settings.
        architecture: Settings of the search space.
        search: Settings of the search.

    Raises:
        ServiceError: If the user named the engine, and it does not support the settings.
    """
    unsupported = chosen.unsupported(architecture, search)
    if architecture.custom and chosen.name != "torch":  # custom operations are PyTorch modules
        unsupported = "custom operations"
    if unsupported is None:
        return chosen
    if name == "auto":
        return _torch(chosen.device)
    raise ServiceError(
        f"the {chosen.name} engine does not support {unsupported}", advice="use --engine torch"
    )


def make_ready(
    engine: Engine,
    progress: Report,
    architecture: ArchitectureSettings | None = None,
    search: SearchSettings | None = None,
    *,
    dilated: bool = False,
) -> None:
    """Compile the kernels of an engine, so that no job's time includes a compilation.

    Args:
        engine: The engine.
        progress: Called before each step of a compilation; each step is logged, too.
        architecture: Settings of the search space; the defaults are those of the sequential space.
        search: Settings of the search; drop path needs one more kernel.
        dilated: Whether trainings have dilated convolutions, which need one more kernel.
    """
    if engine.name == "numba":
        from worker.numba_engine.first_calls import Step, ensure_compiled, log_step

        def report(step: Step) -> None:
            log_step(step)
            phase = COMPILING if step.kernels else WAITING
            progress(phase, step.number - 1, step.of)

        settings = architecture or ArchitectureSettings()
        drop_path = search is not None and search.variant == "r-darts-dp"
        ensure_compiled(
            report, settings.kernel_size, settings.space, drop_path=drop_path, dilated=dilated
        )


def target_of(engine: Engine) -> str:
    """Return the processors for which an engine's code is compiled; empty if unknown."""
    if engine.name != "numba":
        return ""
    from worker.numba_engine.target import TARGET

    return TARGET


def _has_gpu() -> bool:
    # Look for the driver's device file first: a machine without a GPU then need not import PyTorch.
    drivers = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    if sys.platform == "linux" and not any(Path(driver).exists() for driver in drivers):
        return False
    import torch

    return torch.cuda.is_available()


def _numba(device: str, threads: int | None) -> Engine:
    if device != "cpu":
        raise ServiceError(
            f"the numba engine runs on the device cpu, not on {device!r}",
            advice="use --engine torch",
        )
    try:
        from worker.numba_engine.engine import NumbaEngine
    except ImportError as error:
        raise ServiceError(
            f"the numba engine cannot be imported ({error})",
            advice="install numba or use --engine torch",
        ) from error
    return NumbaEngine(threads)


def _torch(device: str) -> Engine:
    import torch

    from worker.torch_engine.engine import TorchEngine

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # AssertionError: PyTorch without CUDA
        reason = str(error).splitlines()[0]
        raise ServiceError(
            f"PyTorch has no device {device!r} here ({reason})", advice="use --device cpu"
        ) from error
    return TorchEngine(device)
