"""What the display says about workers that cannot evaluate yet."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from cli.console.display import Display, epochs_reached, progress_line, time_left
from configspace.hyperparameters import Hyperparameters
from configspace.protocol import EvaluationProgress
from master.service.snapshot import Snapshot, WorkerView
from master.sources.base import BestSoFar
from tests.master.service.test_metrics import SNAPSHOT


def compiling(name: str, phase: str = "compiling kernels", job: str | None = None) -> WorkerView:
    progress = EvaluationProgress(phase, 2, 4)
    return WorkerView(name, "h", 1, "cpu", "numba", job, None, progress, 0.0, phase_seconds=40.4)


def with_workers(*workers: WorkerView) -> Snapshot:
    return replace(SNAPSHOT, workers=workers)


def test_a_line_says_which_workers_compile() -> None:
    line = progress_line(with_workers(compiling("a"), *SNAPSHOT.workers))
    assert " · 3 workers (a compiling kernels, 40 s) · " in line


def test_a_line_names_at_most_three_such_workers() -> None:
    waiting = [compiling(name, "waiting for kernels") for name in "bcde"]
    line = progress_line(with_workers(compiling("a"), *waiting))
    assert (
        "5 workers (a compiling kernels, 40 s; b waiting for kernels, 40 s; "
        "c waiting for kernels, 40 s; and 2 more)"
    ) in line


@pytest.mark.parametrize("job", [None, "(0, 0, 1)@3"])
def test_a_panel_says_which_workers_compile(job: str | None) -> None:
    console = Console(file=io.StringIO(), width=100)
    display = Display(console, "title")
    console.print(display._panel(with_workers(compiling("a", job=job))))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "compiling kernels, 40 s" in shown
    assert (job or "idle") in shown


def test_a_line_has_the_unit_of_the_objective() -> None:
    best = BestSoFar((0, 0, 1), Hyperparameters(), 9, 0.5, "entropy")
    tuned = replace(SNAPSHOT, progress=replace(SNAPSHOT.progress, incumbent=best))
    assert " · best 12.50 dB at 9 epochs · " in progress_line(SNAPSHOT)
    assert " · best 0.5 nats at 9 epochs · " in progress_line(tuned)


def test_compiled_kernels_are_not_epochs() -> None:
    assert epochs_reached(with_workers(compiling("a"))) == SNAPSHOT.progress.epochs_done


@pytest.mark.parametrize(("ended", "workers"), [(0, 0), (0, 2), (1, 2)])
def test_without_a_basis_there_is_no_estimate(ended: int, workers: int) -> None:
    early = replace(SNAPSHOT, ended_here=ended, workers=SNAPSHOT.workers[:workers])
    assert time_left(early) == ""
    assert "left" not in progress_line(early)


def test_an_estimate_leaves_the_start_out() -> None:
    progress = replace(SNAPSHOT.progress, epochs_done=60, epochs_expected=90)
    snapshot = replace(
        SNAPSHOT,
        progress=progress,
        workers=(replace(SNAPSHOT.workers[0], progress=None),),
        elapsed_seconds=240.0,
        working_seconds=120.0,
        ended_here=1,
        epochs_done_here=60,
    )
    assert time_left(snapshot) == "about 1 min 00 s left"


@pytest.mark.parametrize(
    ("progress", "expected"),
    [(("search", 15, 30), 5), (("short", 1, 2), 11), (("second-final", 10, 10), 22)],
)
def test_each_phase_counts_by_its_cost(progress: tuple[str, int, int], expected: float) -> None:
    phases = {"search": 10, "short": 2, "second-final": 10}
    worker = replace(compiling("a"), progress=EvaluationProgress(*progress), phases=phases)
    roomy = replace(SNAPSHOT.progress, epochs_expected=1000)
    begun = epochs_reached(replace(with_workers(worker), progress=roomy)) - roomy.epochs_done
    assert begun == pytest.approx(expected)
