"""Inject every fault and print the results; the exit code is 1 if any fault did harm."""

import argparse
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.drill import (
    client_faults,
    credential_faults,
    evaluation_faults,
    master_faults,
    network,
    worker_faults,
)
from tests.drill.fault import Fault
from tests.drill.run import STALL_LIMIT, Verdict, drill

FAULTS = (
    *worker_faults.FAULTS,
    *evaluation_faults.FAULTS,
    *master_faults.FAULTS,
    *network.FAULTS,
    *client_faults.FAULTS,
    *credential_faults.FAULTS,
)


def main() -> int:
    """Run the drill."""
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument("--times", type=int, default=10, help="how often to do each fault")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of the random instants at which damage is done"
    )
    parser.add_argument("--only", default="", help="only faults whose name contains this text")
    parser.add_argument(
        "--parallel",
        type=int,
        choices=(0, 1),
        help="jobs at once: 1, or 0 for as many as workers; default: both",
    )
    parser.add_argument("--together", type=int, default=2, help="number of scenes that run at once")
    parser.add_argument(
        "--stall-limit",
        type=float,
        default=STALL_LIMIT,
        help="longest harmless stall in seconds; use more on a busy machine",
    )
    parser.add_argument("--keep", type=Path, help="folder that keeps all files of the scenes")
    options = parser.parse_args()
    console = Console(width=160, highlight=False)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        root = options.keep or Path(temporary)
        scenes = [
            (fault, root / f"{number:02}-{parallel}", parallel, options.seed + 100 * number)
            for number, fault in enumerate(FAULTS)
            for parallel in (0, 1)
            if options.only in fault.name and options.parallel in (None, parallel)
        ]

        def run(scene: tuple[Fault, Path, int, int]) -> Verdict:
            fault, folder, parallel, seed = scene
            verdict = drill(
                fault,
                folder,
                parallel=parallel,
                times=options.times,
                seed=seed,
                stall_limit=options.stall_limit,
            )
            console.print(f"{time.monotonic() - began:5.0f} s  {_line(verdict)}")
            if not verdict.good:
                console.print((folder / "messages").read_text()[-4000:], markup=False)
            return verdict

        # A scene mostly waits: for leases that run out, and for processes that start.
        with ThreadPoolExecutor(options.together) as threads:
            verdicts = list(threads.map(run, scenes))
    console.print(table(verdicts))
    bad = [verdict for verdict in verdicts if not verdict.good]
    console.print(
        f"{len(verdicts)} scenes in {(time.monotonic() - began) / 60:.1f} minutes: "
        + (f"{len(bad)} did harm" if bad else "nothing lost, run twice, hung or stalled")
    )
    return 1 if bad else 0


def table(verdicts: list[Verdict]) -> Table:
    """Return the verdicts as a table with one row per verdict."""
    made = Table(title="Fault drill: leases of 1 s; seconds")
    made.add_column("fault")
    made.add_column("jobs at once")
    for heading in ("times", "evaluations", "lost", "run twice"):
        made.add_column(heading, justify="right")
    for heading in ("recovery, median", "longest", "stall of others"):
        made.add_column(heading, justify="right")
    made.add_column("as undisturbed")
    made.add_column("")
    for one in verdicts:
        made.add_row(
            one.fault,
            "1" if one.parallel else "as workers",
            *map(str, (one.times, one.evaluations, len(one.lost), len(one.twice))),
            *(f"{value:.2f}" if value is not None else "–" for value in _seconds(one)),
            {None: "–", True: "yes", False: "NO"}[one.same],
            one.hung or ("" if one.good else "HARM"),
        )
    return made


def _seconds(one: Verdict) -> tuple[float | None, float | None, float | None]:
    known = one.recoveries
    return (
        statistics.median(known) if known else None,
        max(known, default=None),
        one.stall,
    )


def _line(one: Verdict) -> str:
    median, longest, stall = (f"{v:.2f}" if v is not None else "–" for v in _seconds(one))
    same = {None: "", True: ", as undisturbed", False: ", NOT AS UNDISTURBED"}[one.same]
    return (
        f"{'ok  ' if one.good else 'HARM'} {one.fault}, {'1 job' if one.parallel else 'all'}: "
        f"{one.times} times, {one.evaluations} evaluations, {len(one.lost)} lost, "
        f"{len(one.twice)} twice, recovery {median} ({longest}) s, stall {stall} s{same}"
        f"{' HUNG: ' + one.hung if one.hung else ''}"
    )


if __name__ == "__main__":
    sys.exit(main())
