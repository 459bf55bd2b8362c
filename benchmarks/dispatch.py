"""Jobs a second through the master, its store and real workers, against hpbandster's own.

    python -m benchmarks.dispatch
    python -m benchmarks.dispatch --jobs 200 --rounds 1 --json -

Each evaluation is empty and every configuration is drawn at random, so that no model is fitted:
what is left is the service. Ours commits each job three times to a SQLite store on disk, leases it
to a worker process, and evaluates it in that worker's child process. Stock, with the two mends of
`benchmarks.stock`, calls a method in a worker process and keeps its results in memory. The two take
turns, each with all workers there before the first job; a rate is counted from the first result
heard of to the last. Then workers join a study whose workers are busy: how long until each has a
job is counted at the master, from the call to join, and from the start of its process.
"""

import argparse
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal

from benchmarks import stock
from configspace.hyperparameters import DOMAINS
from configspace.job import Job
from configspace.space import configuration_space
from configspace.study import Study
from master.service.master import Master
from master.service.settings import ServiceSettings
from master.service.snapshot import Snapshot
from master.sources.base import JobSource, SourceProgress, Submission
from master.sources.study import BohbSource
from results.store.store import Store

ROOT = Path(__file__).parents[1]
JOBS_A_THREE_ITERATIONS = 20
"""Of brackets with three rungs at eta 3: 9 + 3 + 1, 3 + 1 and 3."""
NEVER = 10**9
"""Outcomes before a model is fitted."""
MANY = 20_000
"""Jobs of a study that is stopped before it comes to their end."""
DEADLINE = 120.0
"""Seconds after which something hangs."""

Row = dict[str, Any]


class Held:
    """A source that has no job before it is let go, and notes when it heard of each outcome."""

    def __init__(self, source: JobSource) -> None:
        self._source = source
        self.let_go = threading.Event()
        self.heard: list[float] = []

    @property
    def studies(self) -> Sequence[str]:
        """The names of the source's studies."""
        return self._source.studies

    @property
    def parallel(self) -> int:
        """Jobs outstanding at once."""
        return self._source.parallel

    def interrupted(self) -> Sequence[Submission]:
        """Return the jobs that a restart interrupted."""
        return self._source.interrupted()

    def next(self) -> Submission | Literal["pending", "done"]:
        """Return the next job, once there may be one."""
        return self._source.next() if self.let_go.is_set() else "pending"

    def finished(self, job: Job, loss: float) -> None:
        """Take in the loss of a job."""
        self.heard.append(time.monotonic())
        self._source.finished(job, loss)

    def failed(self, job: Job, state: Literal["crashed", "lost"]) -> None:
        """Say that what cannot fail failed."""
        raise RuntimeError(f"an empty evaluation is {state}: {job.id}")

    def progress(self) -> SourceProgress:
        """Return how far it has come."""
        return self._source.progress()


class Moments(logging.Handler):
    """Notes when the master said that a worker joined, and that it leased a first job to it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.joined: dict[str, float] = {}
        self.leased: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Note the moment of a message of `master.dispatch.exchange`."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        if record.msg.startswith("worker %s joined"):
            self.joined[str(arguments[0])] = record.created
        elif record.msg.endswith("leased to worker %s"):
            self.leased.setdefault(str(arguments[-1]), record.created)

    def of_first_job(self, worker: str, began: float) -> Row:
        """Wait for a worker's first job; its seconds since joining and since ``began``."""
        _wait(lambda: worker in self.leased, "first job of a new worker")
        leased = self.leased[worker]
        return {"from_join_s": leased - self.joined[worker], "from_start_s": leased - began}


def ours(jobs: int, workers: int) -> list[float]:
    """Return when each outcome was in the store and BOHB heard of it."""
    with _master(jobs, workers) as (address, source, done):
        with _processes([_worker(address, "at_once", n) for n in range(workers)]):
            _wait(done.is_set, "end of our study")
        return source.heard


def theirs(jobs: int, workers: int) -> list[float]:
    """Return when hpbandster's BOHB heard of each result."""
    run_id = f"dispatch-{time.monotonic_ns()}"
    with (
        tempfile.TemporaryDirectory() as folder,
        stock.name_server(run_id) as (host, port),
    ):
        bohb = stock.MendedBohb(
            run_id=run_id,
            configspace=configuration_space(DOMAINS),
            nameserver=host,
            nameserver_port=port,
            host=host,
            working_directory=folder,
            ping_interval=1,
            eta=3,
            min_budget=1,
            max_budget=9,
            random_fraction=1.0,
            min_points_in_model=NEVER,
        )
        command = [sys.executable, "-m", "benchmarks.stock", run_id, host, str(port)]
        try:
            with _processes([command] * workers):
                bohb.run(n_iterations=_iterations(jobs), min_n_workers=workers)
        finally:
            bohb.shutdown()
    return bohb.heard


def first_jobs(workers: int, joins: int) -> list[Row]:
    """Return how long workers that join wait for their first job, in seconds."""
    moments = Moments()
    log = logging.getLogger("master.dispatch.exchange")
    level, log.propagate = log.level, False
    log.addHandler(moments)
    log.setLevel(logging.DEBUG)
    rows = []
    try:
        with _master(MANY, workers) as (address, source, _), ExitStack() as running:

            def start(number: int) -> None:
                command = _worker(address, "after_a_while", number)
                running.enter_context(_processes([command]))

            for number in range(workers):
                start(number)
            for number in range(workers, workers + joins):
                _wait_for_outcomes(source, 2 * workers)
                began = time.time()
                start(number)
                rows.append(moments.of_first_job(_name(number), began))
    finally:
        log.removeHandler(moments)
        log.setLevel(level)
        log.propagate = True
    return rows


def rate(heard: list[float]) -> float:
    """Return results a second, from the first to the last."""
    return (len(heard) - 1) / (heard[-1] - heard[0])


def compare(jobs: int, workers: int, rounds: int, joins: int) -> Row:
    """Return the rates of both and what new workers waited; rates are medians over rounds."""
    mine, stocks = [], []
    for _ in range(rounds):
        with stock.unwarned():
            stocks.append(rate(theirs(jobs, workers)))
        mine.append(rate(ours(jobs, workers)))
    waits = first_jobs(workers, joins)
    return {
        "workers": workers,
        "jobs": jobs,
        "ours_jobs_per_s": statistics.median(mine),
        "ours_rounds": mine,
        "stock_jobs_per_s": statistics.median(stocks),
        "stock_rounds": stocks,
        "ratio": statistics.median(mine) / statistics.median(stocks),
        "first_job_from_join_s": [wait["from_join_s"] for wait in waits],
        "first_job_from_start_s": [wait["from_start_s"] for wait in waits],
    }


def table(row: Row) -> str:
    """Return a Markdown table, and a line on new workers."""
    lines = [
        "| | jobs a second (median) | least | most |",
        "|---|---|---|---|",
    ]
    for name in ("ours", "stock"):
        rates = row[f"{name}_rounds"]
        lines.append(
            f"| {name} | {row[f'{name}_jobs_per_s']:.0f} | {min(rates):.0f} | {max(rates):.0f} |"
        )
    joins, starts = row["first_job_from_join_s"], row["first_job_from_start_s"]
    return "\n".join(
        [
            *lines,
            f"\nours over stock: {row['ratio']:.2f}",
            f"a new worker's first job: {1e3 * max(joins):.0f} ms after it joined, "
            f"{max(starts):.2f} s after its process began (the slowest of {len(joins)})",
        ]
    )


@contextmanager
def _master(jobs: int, workers: int) -> Iterator[tuple[str, Held, threading.Event]]:
    """Run a master until the end of its study or of the block; jobs wait for the workers."""
    study = Study(
        name="dispatch",
        objective="final",
        bohb={  # type: ignore[arg-type]  # parsed
            "iterations": _iterations(jobs),
            "min_epochs": 1.0,
            "max_epochs": 9.0,
            "random_fraction": 1.0,
            "min_points": NEVER,
        },
    )
    stop, listening, done = threading.Event(), threading.Event(), threading.Event()
    with (
        tempfile.TemporaryDirectory() as folder,
        Store.open(f"sqlite:///{folder}/store.db") as store,
    ):
        store.begin(study, {})
        source = Held(BohbSource(study))
        addresses: list[str] = []

        def listens(address: str) -> None:
            addresses.append(address)
            listening.set()

        def watch(snapshot: Snapshot) -> None:
            if len(snapshot.workers) >= workers:
                source.let_go.set()

        def serve() -> None:
            master.run(stop=stop, on_change=watch)
            done.set()

        master = Master(source, store, ServiceSettings(), on_listening=listens)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            _wait(listening.is_set, "address of the master")
            yield addresses[0], source, done
        finally:
            stop.set()
            thread.join(DEADLINE)


@contextmanager
def _processes(commands: list[list[str]]) -> Iterator[None]:
    """Run processes for as long as the block lasts; they notice if this one dies."""
    started = [subprocess.Popen(one, cwd=ROOT, stdin=subprocess.PIPE) for one in commands]
    try:
        yield
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def _worker(address: str, evaluator: str, number: int) -> list[str]:
    call = (
        f"run_worker({address!r}, name={_name(number)!r}, "
        f"evaluator='benchmarks.empty:{evaluator}', idle_limit=10, once=True)"
    )
    return [sys.executable, "-c", f"from worker.service.client import run_worker; {call}"]


def _name(number: int) -> str:
    return f"worker-{number}"


def _iterations(jobs: int) -> int:
    return 3 * -(-jobs // JOBS_A_THREE_ITERATIONS)


def _wait_for_outcomes(source: Held, count: int) -> None:
    wanted = len(source.heard) + count
    _wait(lambda: len(source.heard) >= wanted, "more outcomes")


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} within {DEADLINE:g} s")
        time.sleep(0.01)


def main() -> None:
    """Compare, and print what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=1000, help="of a round, at least")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--joins", type=int, default=5, help="workers that join late")
    parser.add_argument("--json", metavar="FILE", help="write a row; - prints it and no table")
    options = parser.parse_args()
    row = compare(options.jobs, options.workers, options.rounds, options.joins)
    if options.json == "-":
        print(json.dumps([row], indent=2))
        return
    if options.json:
        Path(options.json).write_text(json.dumps([row], indent=2) + "\n")
    print(f"An empty evaluation, {row['workers']} workers, {row['jobs']} jobs a round:\n")
    print(table(row))


if __name__ == "__main__":
    main()
