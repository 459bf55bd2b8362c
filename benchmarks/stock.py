"""hpbandster 0.7.4 as it is, for comparison, with two mends without which no study of it ends.

On current packages its budgets are `np.float64`, and ConfigSpace's levels `np.str_` and `np.bool_`:
serpent, in which it talks to its workers, writes them in a way that cannot be read back, and the
study hangs. Here both become built-in types before they leave the master. Nothing else differs.

    python -m benchmarks.stock RUN_ID HOST PORT

is a worker of it that computes nothing.
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
    """Return its BOHB sampler, which says nothing."""
    return generators.BOHB(space, logger=QUIET, **settings)


@contextmanager
def unwarned() -> Iterator[None]:
    """Ignore that what it calls in its dependencies is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        yield


class MendedBohb(BOHB):  # type: ignore[misc]  # hpbandster is untyped
    """Its BOHB, with both mends, which notes when it heard of each result."""

    def __init__(self, **settings: Any) -> None:
        self.heard: list[float] = []
        super().__init__(logger=QUIET, **settings)

    def get_next_iteration(self, iteration: int, iteration_kwargs: dict[str, Any]) -> Any:
        """Return its next bracket, with plain budgets and values."""
        bracket = super().get_next_iteration(iteration, iteration_kwargs)
        bracket.budgets = [float(budget) for budget in bracket.budgets]
        sample = bracket.config_sampler

        def plain(budget: float) -> Any:
            values, info = sample(budget)
            return {name: _plain(value) for name, value in values.items()}, info

        bracket.config_sampler = plain
        return bracket

    def job_callback(self, job: Any) -> None:
        """Take a result in, as it does."""
        super().job_callback(job)
        self.heard.append(time.monotonic())


class EmptyWorker(Worker):  # type: ignore[misc]  # hpbandster is untyped
    """Its worker, around nothing."""

    def compute(self, **_: Any) -> dict[str, Any]:
        """Bring a loss at once."""
        return {"loss": time.perf_counter() % 1.0, "info": {}}


@contextmanager
def name_server(run_id: str) -> Iterator[tuple[str, int]]:
    """Serve names, at the host and port given."""
    server = NameServer(run_id=run_id, host="127.0.0.1", port=0)
    address = server.start()
    try:
        yield address
    finally:
        server.shutdown()


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def main() -> None:
    """Work until told to shut down, or until the process that started this one is gone."""
    run_id, host, port = sys.argv[1:]
    worker = EmptyWorker(run_id, nameserver=host, nameserver_port=int(port), logger=QUIET)

    def end_with_the_parent() -> None:
        sys.stdin.read()
        worker.shutdown()

    threading.Thread(target=end_with_the_parent, daemon=True).start()
    worker.run()


if __name__ == "__main__":
    main()
