"""`dartboard worker --device all`: one worker process for each GPU of this machine."""

import os
import subprocess
import sys
from collections.abc import Sequence

from cli.commands.run import stop_on_signals
from configspace.errors import ServiceError

POLL_SECONDS = 0.2


def run_on_every_gpu(arguments: Sequence[str], gpus: int | None = None) -> int:
    """Run a worker on each GPU until all have ended; return the exit code.

    One that fails leaves the others at work; the code is then its own.

    Args:
        arguments: What was typed after ``dartboard``; each worker gets the same, and its device.
        gpus: How many there are; None: as many as PyTorch finds.

    Raises:
        ServiceError: If there is none.
    """
    count = _gpus() if gpus is None else gpus
    if not count:
        raise ServiceError(
            "PyTorch finds no GPU here for --device all; take --device cpu, or 'dartboard doctor "
            "--device cuda:0' to see why"
        )
    command = [sys.executable, "-m", "cli.main", *arguments, "--parent", str(os.getpid())]
    with stop_on_signals() as stop:
        workers = [
            # In sessions of their own, so that a Ctrl-C reaches each once, from here.
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
