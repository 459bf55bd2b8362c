"""One worker process per GPU of this machine, for `dartboard worker --device all`."""

import os
import subprocess
from collections.abc import Sequence

from cli.local.signals import stop_on_signals
from configspace.errors import ServiceError
from configspace.python_path import python_command

POLL_SECONDS = 0.2


def run_on_every_gpu(arguments: Sequence[str], gpus: int | None = None) -> int:
    """Run one worker per GPU until all have exited; return the exit code.

    If a worker fails, the others continue, and its exit code is returned at the end.

    Args:
        arguments: Arguments of the ``dartboard`` command. Each worker gets them and its device.
        gpus: Number of GPUs; None asks PyTorch.

    Raises:
        ServiceError: If there is no GPU.
    """
    count = _gpus() if gpus is None else gpus
    if not count:
        raise ServiceError(
            "expected a GPU for --device all, but PyTorch finds none",
            advice="use --device cpu; 'dartboard doctor --device cuda:0' shows why",
        )
    command = [*python_command("cli.main"), *arguments, "--parent", str(os.getpid())]
    with stop_on_signals() as stop:
        workers = [
            # In separate process sessions, so that Ctrl-C reaches each worker once, from here.
            subprocess.Popen([*command, "--device", f"cuda:{number}"], start_new_session=True)
            for number in range(count)
        ]
        while any(worker.poll() is None for worker in workers):
            if stop.wait(POLL_SECONDS):
                for worker in workers:
                    worker.terminate()
                break
        statuses = [worker.wait() for worker in workers]
    return next((status for status in statuses if status), 0)


def _gpus() -> int:
    import torch

    return torch.cuda.device_count()
