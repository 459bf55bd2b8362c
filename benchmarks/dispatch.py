"""Measure the jobs per second of the service, and compare them with hpbandster ("stock").

Examples:

    python -m benchmarks.dispatch
    python -m benchmarks.dispatch --jobs 200 --rounds 1 --json -

Each evaluation is empty and every configuration is random, so that no model is fitted and only the
service takes time. Our master commits each job three times to a SQLite store on disk and leases it
to a worker process, which evaluates it in a child process. Stock, with the two fixes of
`benchmarks.stock`, calls a method in a worker process and keeps its results in memory. The two
alternate, and all workers join before the first job starts. A rate covers the time from the first
result to the last one.

After this, more workers join a study whose workers are busy. The benchmark measures how long each
waits for its first job, from its call to join and from the start of its process.
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
JOBS_PER_THREE_ITERATIONS = 20
"""Number of jobs in three brackets of three rungs with eta 3: 9 + 3 + 1, 3 + 1 and 3."""
NEVER = 10**9
"""Number of outcomes before a model is fitted; no study has as many."""
MANY = 20_000
"""Number of jobs in a study that is stopped before its end."""
DEADLINE = 600.0
"""Seconds to wait for an event before the benchmark fails."""

Row = dict[str, Any]


class HeldSource:
    """A source that holds back its jobs until it is released, and records when outcomes arrive."""

    def __init__(self, source: JobSource) -> None:
        self._source = source
        self.released = threading.Event()
        self.received: list[float] = []

    @property
    def studies(self) -> Sequence[str]:
        """Names of the source's studies."""
        return self._source.studies

    @property
    def parallel(self) -> int:
        """Number of jobs that may be outstanding at once."""
        return self._source.parallel

    def interrupted(self) -> Sequence[Submission]:
        """Return the jobs that a restart interrupted."""
        return self._source.interrupted()

    def next(self) -> Submission | Literal["pending", "done"]:
        """Return the next job, or ``"pending"`` before the release."""
        return self._source.next() if self.released.is_set() else "pending"

    def finished(self, job: Job, loss: float) -> None:
        """Record the loss of a job."""
        self.received.append(time.monotonic())
        self._source.finished(job, loss)

    def failed(self, job: Job, state: Literal["crashed", "lost"]) -> None:
        """Raise, because an empty evaluation cannot fail."""
        raise RuntimeError(f"an empty evaluation is {state}: {job.id}")

    def progress(self) -> SourceProgress:
        """Return the progress of the source."""
        return self._source.progress()


class Moments(logging.Handler):
    """Records when the master logs that a worker joins and gets its first job."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.joined: dict[str, float] = {}
        self.leased: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Record the time of a message of `master.dispatch.exchange`."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        if record.msg.startswith("worker %s joined"):
            self.joined[str(arguments[0])] = record.created
        elif record.msg.endswith("leased to worker %s"):
            self.leased.setdefault(str(arguments[-1]), record.created)

    def of_first_job(self, worker: str, began: float) -> Row:
        """Wait for a worker's first job; return the seconds since it joined and since ``began``."""
        _wait(lambda: worker in self.leased, "the first job of a new worker")
        leased = self.leased[worker]
        return {"from_join_s": leased - self.joined[worker], "from_start_s": leased - began}


def dartboard_times(jobs: int, workers: int) -> list[float]:
    """Return the times at which our BOHB received each outcome, which is then in the store."""
    with _master(jobs, workers) as (address, source, done):
        commands = [_worker(address, "at_once", n) for n in range(workers)]
        with _processes(commands) as started:

            def is_done() -> bool:
                if any(process.poll() for process in started):
                    raise RuntimeError("a worker of ours failed; its error is above")
                return done.is_set()

            _wait(is_done, "the end of our study")
        return source.received


def hpbandster_times(jobs: int, workers: int) -> list[float]:
    """Return the times at which hpbandster's BOHB received each result."""
    run_id = f"dispatch-{time.monotonic_ns()}"
    with (
        tempfile.TemporaryDirectory() as folder,
        stock.name_server(run_id) as (host, port),
    ):
        bohb = stock.FixedBohb(
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
    return bohb.received


def first_jobs(workers: int, joins: int) -> list[Row]:
    """Return the seconds that new workers wait for their first job."""
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


def rate(times: list[float]) -> float:
    """Return the results per second, from the first result to the last one."""
    return (len(times) - 1) / (times[-1] - times[0])


def compare(jobs: int, workers: int, rounds: int, joins: int) -> Row:
    """Return the median rates of both over the rounds, and the waiting times of new workers."""
    own_rates, stock_rates = [], []
    for _ in range(rounds):
        with stock.without_warnings():
            stock_rates.append(rate(hpbandster_times(jobs, workers)))
        own_rates.append(rate(dartboard_times(jobs, workers)))
    waits = first_jobs(workers, joins)
    return {
        "workers": workers,
        "jobs": jobs,
        "ours_jobs_per_s": statistics.median(own_rates),
        "ours_rounds": own_rates,
        "stock_jobs_per_s": statistics.median(stock_rates),
        "stock_rounds": stock_rates,
        "ratio": statistics.median(own_rates) / statistics.median(stock_rates),
        "first_job_from_join_s": [wait["from_join_s"] for wait in waits],
        "first_job_from_start_s": [wait["from_start_s"] for wait in waits],
    }


def table(row: Row) -> str:
    """Return a Markdown table, and a line about new workers."""
    lines = [
        "| | jobs per second (median) | lowest | highest |",
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
            f"\nours / stock: {row['ratio']:.2f}",
            f"first job of a new worker: {1e3 * max(joins):.0f} ms after it joins, "
            f"{max(starts):.2f} s after its process starts (slowest of {len(joins)})",
        ]
    )


@contextmanager
def _master(jobs: int, workers: int) -> Iterator[tuple[str, HeldSource, threading.Event]]:
    """Run a master until its study or the block ends; jobs wait until all workers have joined."""
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
        source = HeldSource(BohbSource(study))
        addresses: list[str] = []

        def listens(address: str) -> None:
            addresses.append(address)
            listening.set()

        def watch(snapshot: Snapshot) -> None:
            if len(snapshot.workers) >= workers:
                source.released.set()

        def serve() -> None:
            master.run(stop=stop, on_change=watch)
            done.set()

        master = Master(source, store, ServiceSettings(), on_listening=listens)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            _wait(listening.is_set, "the address of the master")
            yield addresses[0], source, done
        finally:
            stop.set()
            thread.join(DEADLINE)


@contextmanager
def _processes(commands: list[list[str]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run processes until the block ends; they stop if this process dies."""
    started = [subprocess.Popen(one, cwd=ROOT, stdin=subprocess.PIPE) for one in commands]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def _worker(address: str, evaluator: str, number: int) -> list[str]:
    call = (
        f"run_worker({address!r}, WorkerSettings(name={_name(number)!r}, "
        f"evaluator='benchmarks.empty:{evaluator}', idle_limit=10, once=True))"
    )
    code = (
        "from worker.service.client import run_worker; "
        f"from worker.service.settings import WorkerSettings; {call}"
    )
    return [sys.executable, "-c", code]


def _name(number: int) -> str:
    return f"worker-{number}"


def _iterations(jobs: int) -> int:
    return 3 * -(-jobs // JOBS_PER_THREE_ITERATIONS)


def _wait_for_outcomes(source: HeldSource, count: int) -> None:
    target = len(source.received) + count
    _wait(lambda: len(source.received) >= target, "more outcomes")


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"expected {what} within {DEADLINE:g} s")
        time.sleep(0.01)


def main() -> None:
    """Run the comparison, and print its results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dispatch",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--jobs", type=int, default=1000, help="minimum jobs per round (default: %(default)s)"
    )
    parser.add_argument("--workers", type=int, default=4, help="workers (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument(
        "--joins", type=int, default=5, help="workers that join late (default: %(default)s)"
    )
    parser.add_argument(
        "--json", metavar="FILE", help="write the result to a file; - prints only the result"
    )
    options = parser.parse_args()
    row = compare(options.jobs, options.workers, options.rounds, options.joins)
    if options.json == "-":
        print(json.dumps([row], indent=2))
        return
    if options.json:
        Path(options.json).write_text(json.dumps([row], indent=2) + "\n")
    print(f"Empty evaluations, {row['workers']} workers, {row['jobs']} jobs per round:\n")
    print(table(row))


if __name__ == "__main__":
    main()
