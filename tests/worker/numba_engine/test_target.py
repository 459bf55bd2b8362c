"""The processors for which the kernels are compiled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from configspace.python_path import ROOT
from worker.numba_engine.target import COMPILED_LIST, NAMED, best, environment

NEW = dict.fromkeys(NAMED["x86-64-v4"], True)
OLD = dict.fromkeys(NAMED["x86-64-v3"], True) | {"avx512f": False}


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    path = tmp_path / "targets.txt"
    path.write_text("x86-64-v3\nx86-64-v4\n")
    return path


def test_the_best_class_that_a_processor_can_run(compiled: Path) -> None:
    assert best(compiled, NEW) == "x86-64-v4"
    assert best(compiled, OLD) == "x86-64-v3"
    assert best(compiled, {"avx2": True}) is None


def test_a_class_without_compiled_kernels_is_not_chosen(compiled: Path) -> None:
    compiled.write_text("x86-64-v3\n")
    assert best(compiled, NEW) == "x86-64-v3"


def test_without_an_image_no_class_is_chosen(tmp_path: Path) -> None:
    assert best(tmp_path / "targets.txt", NEW) is None


def shown(**variables: str) -> list[str]:
    """Return the target, the lanes of a vector, and Numba's settings in a new process."""
    code = (
        "from worker.numba_engine.target import TARGET; from numba.core import config; "
        "from worker.numba_engine.vector_type import LANES; "
        "print(TARGET, LANES, config.CPU_NAME, repr(config.CPU_FEATURES))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "lanes"), [("x86-64-v4", "16"), ("x86-64-v3", "8")])
def test_a_process_compiles_for_a_class(name: str, lanes: str) -> None:
    assert shown(**environment(name)) == [name, lanes, name, "''"]


@pytest.mark.slow
@pytest.mark.skipif(COMPILED_LIST.exists(), reason="kernels are compiled for classes here")
def test_without_an_image_the_target_is_this_processor() -> None:
    target, _, name, features = shown()
    assert target not in NAMED
    assert (name, features) == ("None", "None")
