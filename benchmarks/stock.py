"""hpbandster 0.7.4 for comparison, with two fixes that its studies need to finish.

With current packages, its budgets are `np.float64` and the categories of ConfigSpace are `np.str_`
and `np.bool_`. serpent, the format of its messages, writes these types in a form that it cannot
read, and the study hangs. Here the master converts both to built-in types before it sends them.
Nothing else differs.

`benchmarks.dispatch` starts this module as an hpbandster worker that computes nothing:

    python -m benchmarks.stock RUN_ID HOST PORT
"""

import logging
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace
from hpbandster.core.nameserver import NameServer
from hpbandster.core.worker import Worker
from hpbandster.optimizers.bohb import BOHB
from hpbandster.optimizers.config_generators import bohb as generators

QUIET = logging.getLogger("benchmarks.stock")
QUIET.addHandler(logging.NullHandler())
QUIET.setLevel(logging.ERROR)
QUIET.propagate = False


def generator(space: ConfigurationSpace, **settings: Any) -> Any:
    """Return hpbandster's BOHB sampler, without log output."""
    return generators.BOHB(space, logger=QUIET, **settings)


@contextmanager
def without_warnings() -> Iterator[None]:
    """Ignore warnings about deprecated functions that hpbandster calls."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


class FixedBohb(BOHB):  # type: ignore[misc]  # hpbandster is untyped
    """hpbandster's BOHB with both fixes; it records the time of each result."""

    def __init__(self, **settings: Any) -> None:
        self.received: list[float] = []
        super().__init__(logger=QUIET, **settings)

    def get_next_iteration(self, iteration: int, iteration_kwargs: dict[str, Any]) -> Any:
        """Return the next bracket, with budgets and values of built-in types."""
        bracket = super().get_next_iteration(iteration, iteration_kwargs)
        bracket.budgets = [float(budget) for budget in bracket.budgets]
        sample = bracket.config_sampler

        def plain(budget: float) -> Any:
            values, info = sample(budget)
            return {name: _plain(value) for name, value in values.items()}, info

        bracket.config_sampler = plain
        return bracket

    def job_callback(self, job: Any) -> None:
        """Process a result as hpbandster does, and record the time."""
        super().job_callback(job)
        self.received.append(time.monotonic())


class EmptyWorker(Worker):  # type: ignore[misc]  # hpbandster is untyped
    """An hpbandster worker that computes nothing."""

    def compute(self, **_: Any) -> dict[str, Any]:
        """Return a loss immediately."""
        return {"loss": time.perf_counter() % 1.0, "info": {}}


@contextmanager
def name_server(run_id: str) -> Iterator[tuple[str, int]]:
    """Run a name server, and yield its host and port."""
    server = NameServer(run_id=run_id, host="127.0.0.1", port=0)
    address = server.start()
    try:
        yield address
    finally:
        server.shutdown()


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def main() -> None:
    """Work until the master shuts the worker down, or until the parent process ends."""
    run_id, host, port = sys.argv[1:]
    worker = EmptyWorker(run_id, nameserver=host, nameserver_port=int(port), logger=QUIET)

    def stop_with_the_parent() -> None:
        sys.stdin.read()
        worker.shutdown()

    threading.Thread(target=stop_with_the_parent, daemon=True).start()
    worker.run()


if __name__ == "__main__":
    main()
