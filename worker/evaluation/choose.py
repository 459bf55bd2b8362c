"""The choice of an engine for a device."""

import logging
import sys
from pathlib import Path

from configspace.errors import ServiceError
from configspace.study import ArchitectureSettings, SearchSettings
from worker.engine.contract import Engine

log = logging.getLogger(__name__)

NAMES = ("auto", "torch", "numba")


def choose_engine(name: str, device: str, threads: int | None = None) -> Engine:
    """Return the engine of a name on a device.

    An engine's library is imported here and not before: PyTorch takes a second to import.

    Args:
        name: ``torch``, ``numba``, or ``auto``: numba on the CPU where it can be imported, else
            torch.
        device: ``cpu``, a device that PyTorch knows, such as ``cuda:0``, or ``auto``: a GPU where
            PyTorch finds one and the engine runs on it, else the CPU.
        threads: Threads of the numba engine; None: as many as there are processors. PyTorch's
            are those of the whole process, and so its owner's to set.

    Raises:
        ServiceError: If there is no such engine, or it does not run on that device here.
    """
    if device == "auto":
        device = "cuda" if name != "numba" and _has_gpu() else "cpu"
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
            raise ServiceError(f"wanted an engine among {', '.join(NAMES)}, got {name!r}")


def able_engine(
    chosen: Engine, name: str, architecture: ArchitectureSettings, search: SearchSettings
) -> Engine:
    """Return the chosen engine if it offers these settings, else another where that is allowed.

    Args:
        chosen: What `choose_engine` returned.
        name: What it was asked for: with ``auto`` the torch engine computes what the chosen one
            does not offer.
        architecture: The space to be searched.
        search: The search.

    Raises:
        ServiceError: If the one engine asked for does not offer them.
    """
    lack = chosen.lacks(architecture, search)
    if architecture.custom and chosen.name != "torch":  # they are PyTorch's modules
        lack = "operations of one's own"
    if lack is None:
        return chosen
    if name == "auto":
        return _torch(chosen.device)
    raise ServiceError(f"the {chosen.name} engine does not offer {lack}; take --engine torch")


def make_ready(engine: Engine, architecture: ArchitectureSettings | None = None) -> None:
    """Compile what an engine needs, so that a job takes no longer than others like it.

    A line is logged before each compilation.

    Args:
        engine: What computes.
        architecture: Of what it will compute; by default the sequential space's.
    """
    if engine.name == "numba":
        from worker.numba_engine.engine import ensure_compiled

        wanted = architecture or ArchitectureSettings()
        ensure_compiled(log.info, wanted.kernel_size, wanted.space)


def _has_gpu() -> bool:
    # A driver's device file is looked for first, so that a machine without one need not import
    # PyTorch to learn that it has no GPU.
    drivers = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    if sys.platform == "linux" and not any(Path(driver).exists() for driver in drivers):
        return False
    import torch

    return torch.cuda.is_available()


def _numba(device: str, threads: int | None) -> Engine:
    if device != "cpu":
        raise ServiceError(
            f"the numba engine runs on the device cpu, not on {device!r}; take --engine torch"
        )
    try:
        from worker.numba_engine.engine import NumbaEngine
    except ImportError as error:
        raise ServiceError(
            f"the numba engine cannot be imported ({error}); install numba or take --engine torch"
        ) from error
    return NumbaEngine(threads)


def _torch(device: str) -> Engine:
    import torch

    from worker.torch_engine.engine import TorchEngine

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # without CUDA it is an AssertionError
        reason = str(error).splitlines()[0]
        raise ServiceError(
            f"PyTorch has no device {device!r} here ({reason}); take --device cpu"
        ) from error
    return TorchEngine(device)
