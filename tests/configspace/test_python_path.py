"""Where our processes look for modules: a user's files never replace ours or Python's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from configspace.python_path import ROOT, put_ours_first, python_command, user_folders

OURS = ("cli", "configspace", "master", "results", "worker")
LIBRARIES = ("numba", "numpy", "pandas", "pydantic", "rich", "torch", "typer")
AT_START = "import sys; print(*sys.modules)"


@pytest.fixture(scope="module")
def shadows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a file for each module of Python, of ours, and of some libraries."""
    folder = tmp_path_factory.mktemp("shadows")
    loaded = subprocess.run(
        [sys.executable, "-c", AT_START], capture_output=True, text=True, check=True
    )
    names = sys.stdlib_module_names - set(loaded.stdout.split()) - {"sitecustomize"}
    for name in (*names, *OURS, *LIBRARIES):
        (folder / f"{name}.py").write_text("raise SystemExit(f'imported {__file__}')\n")
    return folder


@pytest.mark.parametrize("place", ["current", "PYTHONPATH"])
@pytest.mark.parametrize(
    "command",
    [
        [*python_command("cli.main"), "status", "--help"],
        [*python_command("worker.service.child"), "--help"],
        pytest.param(
            [*python_command("worker.numba_engine.first_calls"), "3", "sequential"],
            marks=pytest.mark.slow,  # it loads the kernels
        ),
        pytest.param(
            [*python_command("cli.main"), "doctor", "--port", "0"], marks=pytest.mark.slow
        ),
    ],
)
def test_a_users_files_replace_no_module(command: list[str], place: str, shadows: Path) -> None:
    folder = shadows if place == "current" else Path(ROOT)
    ran = started(command, folder, shadows if place == "PYTHONPATH" else None)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_installed_command_puts_ours_first(shadows: Path, tmp_path: Path) -> None:
    # The folder of the script comes first, then PYTHONPATH, and the checkout last.
    script = tmp_path / "dartboard"
    script.write_text("from dartboard_start import main\nmain()\n")
    ran = started([sys.executable, str(script), "status", "--help"], tmp_path, shadows)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def started(
    command: list[str], folder: Path, python_path: Path | None
) -> subprocess.CompletedProcess[str]:
    environment = {key: text for key, text in os.environ.items() if key != "PYTHONPATH"}
    if python_path is not None:
        environment["PYTHONPATH"] = str(python_path)
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_a_users_folders_are_taken_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library = str(Path(os.__file__).parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", str(tmp_path), library]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["/bin", str(tmp_path), library, ROOT])
    put_ours_first()
    assert sys.path == [ROOT, library]


def test_custom_modules_come_from_users_folders(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/a", "", "/b"]))
    assert user_folders() == [str(tmp_path), "/a", "/b"]


def test_a_removed_folder_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert user_folders() == [""]
