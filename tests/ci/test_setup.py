"""`make setup`: when an environment is made, kept, or made again. Nothing is installed here."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = """#!/bin/sh
# Stands for the Python that makes an environment. Its pip writes its path into a command.
case "$*" in "-m venv"*) ;; *) exit 0 ;; esac
echo "$@" >> made
for folder; do :; done
case "$*" in *--clear*) rm -rf "$folder" ;; esac
bin="$folder/bin"
mkdir -p "$bin"
printf '#!/bin/sh\\n' > "$bin/python"
printf '#!/bin/sh\\necho "#!%s/python" > "%s/dartboard"\\n' "$PWD/$bin" "$bin" > "$bin/pip"
chmod +x "$bin/python" "$bin/pip"
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout that has been set up; its path has a space."""
    folder = tmp_path / "my checkout"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy2(ROOT / name, folder)
    (folder / "fake-python").write_text(PYTHON)
    (folder / "fake-python").chmod(0o755)
    set_up(folder)
    return folder


def set_up(folder: Path) -> str:
    """Run `make setup`, and return what it printed."""
    inherited = {name: os.environ[name] for name in os.environ if not name.startswith("MAKE")}
    ran = subprocess.run(
        ["make", "setup", "PYTHON=./fake-python"],
        cwd=folder,
        env=inherited,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout + ran.stderr


def times_made(folder: Path) -> int:
    return len((folder / "made").read_text().splitlines())


def test_an_environment_is_made_once(checkout: Path) -> None:
    assert (checkout / ".venv/bin/dartboard").exists()
    set_up(checkout)
    assert times_made(checkout) == 1


def test_a_moved_checkout_is_set_up_again(checkout: Path) -> None:
    moved = checkout.rename(checkout.with_name("moved"))
    assert "does not work here. Setting it up again." in set_up(moved)
    assert (moved / ".venv/bin/dartboard").read_text() == f"#!{moved}/.venv/bin/python\n"
    set_up(moved)
    assert times_made(moved) == 2


def without_command(venv: Path) -> None:
    (venv / "bin/dartboard").unlink()


def without_python(venv: Path) -> None:
    (venv / "bin/python").unlink()
    (venv / "bin/python").symlink_to("/no/such/python")


def without_packages(venv: Path) -> None:
    (venv / "bin/python").write_text("#!/bin/sh\nexit 1\n")


def interrupted(venv: Path) -> None:
    (venv / "ready").unlink()


@pytest.mark.parametrize("damage", [without_command, without_python, without_packages, interrupted])
def test_a_damaged_environment_is_replaced(checkout: Path, damage: Callable[[Path], None]) -> None:
    (checkout / ".venv/left-over").touch()
    damage(checkout / ".venv")
    assert "Setting it up again." in set_up(checkout)
    assert not (checkout / ".venv/left-over").exists()
    assert times_made(checkout) == 2


def test_newer_requirements_keep_the_environment(checkout: Path) -> None:
    (checkout / ".venv/cache").touch()
    os.utime(checkout / "constraints.txt", (2**31, 2**31))
    set_up(checkout)
    assert (checkout / ".venv/cache").exists()
    assert times_made(checkout) == 2
