"""`dartboard run` with real workers: complete, interrupted, repeated, and with bad input."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from results import load
from results.analysis.cost import at_each_others_cost
from results.analysis.incumbent import incumbent_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
STUDY = """
name = "small"
objective = "final"

[problem]
points = 12

[architecture]
layers = 2
channels = 4

[search]
batch_size = 8
batches = 2

[evaluation]
trials = 2

[bohb]
iterations = {iterations}
min_epochs = 1
max_epochs = 9
parallel = {parallel}
"""
COLUMNS = ["configuration", "epochs", "state", "loss", "param_lr", "alpha_optimizer"]


def write_study(folder: Path, *, iterations: int = 3, parallel: int = 0) -> None:
    (folder / "study.toml").write_text(STUDY.format(iterations=iterations, parallel=parallel))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "cli.main", *arguments]


def environment() -> dict[str, str]:
    """Return the environment of the commands: a warning, also of a library, is an error there."""
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


def dartboard(folder: Path, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(),
        input=answer,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def finished(folder: Path) -> int:
    try:
        with sqlite3.connect(folder / "dartboard.db") as store:
            query = "select count(*) from evaluations where state = 'finished'"
            return int(store.execute(query).fetchone()[0])
    except sqlite3.OperationalError:  # the tables do not exist yet
        return 0


def run_and_interrupt(folder: Path, after: int) -> tuple[int, str]:
    """Start a run, interrupt it after some evaluations, and return its exit code and last line."""
    process = subprocess.Popen(
        command("run", "study.toml", "--engine", "torch"),
        cwd=folder,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while finished(folder) < after and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    return process.returncode, said.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    write_study(folder, parallel=1)
    ran = dartboard(folder, "run", "study.toml", "--engine", "torch", "--workers", "2")
    assert ran.returncode == 0, ran.stderr
    return folder


@dataclass(frozen=True)
class Interrupted:
    """A study that was interrupted after five evaluations, then resumed."""

    folder: Path
    status: int
    last_line: str
    kept: int
    resumed: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    folder = tmp_path_factory.mktemp("interrupted")
    write_study(folder, parallel=1)
    status, last_line = run_and_interrupt(folder, after=5)
    kept = finished(folder)
    resumed = dartboard(folder, "run", "study.toml", "--engine", "torch")
    assert resumed.returncode == 0, resumed.stderr
    return Interrupted(folder, status, last_line, kept, resumed)


def test_ctrl_c_shows_how_to_resume(interrupted: Interrupted) -> None:
    assert interrupted.status == 130
    resume = "dartboard run study.toml --engine torch"
    assert interrupted.last_line == f"all finished results are kept; resume with: {resume}"


def test_an_interrupted_study_keeps_its_outcomes(interrupted: Interrupted) -> None:
    assert interrupted.kept >= 5
    line = f"resuming after {interrupted.kept} finished evaluations"
    assert line in interrupted.resumed.stderr


def test_an_interrupted_study_resumes_to_the_same_evaluations(
    undisturbed: Path, interrupted: Interrupted
) -> None:
    found = load(f"sqlite:///{interrupted.folder}/dartboard.db", "small").evaluations[COLUMNS]
    expected = load(f"sqlite:///{undisturbed}/dartboard.db", "small").evaluations[COLUMNS]
    assert found.equals(expected)


def test_more_iterations_extend_a_finished_study(undisturbed: Path) -> None:
    before = finished(undisturbed)
    write_study(undisturbed, iterations=4, parallel=1)

    ran = dartboard(undisturbed, "run", "study.toml", "--engine", "torch")

    assert ran.returncode == 0
    assert finished(undisturbed) > before


def test_both_scores_of_every_trial_are_kept(undisturbed: Path) -> None:
    trials = load(f"sqlite:///{undisturbed}/dartboard.db", "small").trials

    assert len(trials) == 2 * finished(undisturbed)
    assert trials[["one_shot_psnr", "architecture_psnr"]].notna().all(axis=None)


@dataclass(frozen=True)
class Compared:
    """A study that was compared with its one-shot counterpart."""

    folder: Path
    store: str
    arguments: tuple[str, ...]
    stdout: str


@pytest.fixture(scope="module")
def compared(undisturbed: Path, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    folder = tmp_path_factory.mktemp("compared")
    store = f"sqlite:///{undisturbed}/dartboard.db"
    text = (undisturbed / "study.toml").read_text()
    text = text.replace('"small"', '"early"').replace('"final"', '"one-shot"')
    (folder / "early.toml").write_text(text)
    dartboard(folder, "run", "early.toml", "--engine", "torch", "--store", store)
    arguments = ("compare", "early", "small", "--store", store, "--trials", "10")
    ran = dartboard(folder, *arguments, "--engine", "torch")
    assert ran.returncode == 0, ran.stderr
    return Compared(folder, store, arguments, ran.stdout)


def test_compare_writes_a_page_with_table_and_plots(compared: Compared) -> None:
    assert "Architecture PSNR, mean" in compared.stdout
    written = {path.suffix for path in (compared.folder / "exports").iterdir()}
    assert written == {".html", ".md", ".png", ".pdf"}


def test_compare_re_runs_both_incumbents(compared: Compared) -> None:
    early, small = load(compared.store, "early"), load(compared.store, "small")
    reruns = small.trials.query("purpose == 'rerun'")
    _, at_cost = at_each_others_cost(early, small)
    assert at_cost.incumbent is not None
    expected = {str(one.configuration) for one in (incumbent_of(small), at_cost.incumbent)}
    assert reruns.groupby("configuration").size().to_dict() == dict.fromkeys(expected, 10)
    assert reruns["seed"].is_unique


def test_a_second_compare_shows_the_same(compared: Compared) -> None:
    again = dartboard(compared.folder, *compared.arguments, "--engine", "torch")
    assert again.stdout == compared.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("layers = 2", "layer = 2"), "unknown key 'architecture.layer'"),
        (("layers = 2", 'layers = "two"'), "key 'architecture.layers'"),
        (("min_epochs = 1", "min_epochs = 10"), "up to bohb.max_epochs (9), got 10"),
        (("trials = 2", "trials = 3"), "was begun with other settings (evaluation.trials: 2"),
    ],
)
def test_a_wrong_study_file_is_refused(
    undisturbed: Path, change: tuple[str, str], message: str
) -> None:
    before = finished(undisturbed)
    text = (undisturbed / "study.toml").read_text()
    (undisturbed / "wrong.toml").write_text(text.replace(*change))

    ran = dartboard(undisturbed, "run", "wrong.toml")

    assert ran.returncode == 2
    assert message in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert finished(undisturbed) == before


@pytest.mark.parametrize("arguments", [("status", "smal"), ("export", "smal"), ("delete", "smal")])
def test_an_unknown_study_is_refused_with_known_names(
    undisturbed: Path, arguments: tuple[str, ...]
) -> None:
    ran = dartboard(undisturbed, *arguments)

    assert ran.returncode == 2
    assert "no study 'smal' in sqlite:///dartboard.db; it has 'small'" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_a_text_file_as_store_is_refused(tmp_path: Path) -> None:
    write_study(tmp_path)
    (tmp_path / "dartboard.db").write_text("a diary, not a database\n" * 100)

    ran = dartboard(tmp_path, "run", "study.toml")

    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert (tmp_path / "dartboard.db").read_text().startswith("a diary")


def test_an_unsuitable_engine_is_refused(
    tmp_path: Path,
) -> None:
    write_study(tmp_path)
    text = (tmp_path / "study.toml").read_text()
    second = text.replace("[search]", '[search]\nvariant = "darts-second-order"')
    (tmp_path / "study.toml").write_text(second)

    ran = dartboard(tmp_path, "run", "study.toml", "--engine", "numba")

    assert ran.returncode == 2
    assert "does not support the variant 'darts-second-order'; use --engine torch" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "dartboard.db").exists()


def test_a_missing_device_is_refused(tmp_path: Path) -> None:
    write_study(tmp_path)

    ran = dartboard(tmp_path, "run", "study.toml", "--device", "cuda:99")

    assert ran.returncode == 2
    assert "no device 'cuda:99' here" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "dartboard.db").exists()


def test_a_study_without_outcomes_is_an_error(tmp_path: Path) -> None:
    write_study(tmp_path, iterations=1)
    text = (tmp_path / "study.toml").read_text()
    limited = text.replace("trials = 2", 'trials = 2\ntime_limit = "0.001s"')
    (tmp_path / "study.toml").write_text(limited.replace("min_epochs = 1", "min_epochs = 9"))

    ran = dartboard(tmp_path, "run", "study.toml", "--engine", "torch")

    assert ran.returncode == 2
    assert "none of its evaluations finished" in ran.stderr.splitlines()[-1]


def test_delete_asks_before_deleting_a_study(undisturbed: Path) -> None:
    declined = dartboard(undisturbed, "delete", "small", answer="n\n")
    kept = dartboard(undisturbed, "status", "small")
    agreed = dartboard(undisturbed, "delete", "small", answer="y\n")
    gone = dartboard(undisturbed, "status", "small")

    assert (declined.returncode, kept.returncode) == (1, 0)
    assert (agreed.returncode, gone.returncode) == (0, 2)
