"""Settings of Numba that would make every worker fail are found before one starts."""

import os
import subprocess
import sys
from pathlib import Path

import llvmlite.binding as llvm
import pytest

from configspace.errors import ServiceError
from configspace.python_path import python_command
from worker.evaluation.choose import choose_engine
from worker.numba_engine.environment import check_numba_settings

pytestmark = pytest.mark.slow  # each imports Numba in a process of its own

CHECK = "from worker.numba_engine.environment import check_numba_settings as check; check()"


def ran(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[3])
    environment = os.environ | {"PYTHONPATH": root} | variables
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=root
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NUMBA_DISABLE_JIT", "1"),
        ("NUMBA_DISABLE_JIT", "yes"),
        ("NUMBA_NUM_THREADS", "0"),
        ("NUMBA_NUM_THREADS", "abc"),
        ("NUMBA_OPT", "9"),
        ("NUMBA_FUNCTION_CACHE_SIZE", "x"),
        ("NUMBA_CPU_FEATURES", "garbage"),
        ("NUMBA_CPU_FEATURES", "+avx2, -fma"),
        ("NUMBA_CPU_FEATURES", "+avx2,+garbage"),
        ("NUMBA_CPU_NAME", "nonsense"),
        ("NUMBA_CACHE_LOCATOR_CLASSES", "Foo"),
        ("NUMBA_CACHE_LOCATOR_CLASSES", "UserWideCacheLocator"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    last = ran(sys.executable, "-c", CHECK, **{name: value}).stderr.splitlines()[-1]
    assert last.startswith("configspace.errors.ServiceError: ")
    assert name in last


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NUMBA_NUM_THREADS", "1"),
        ("NUMBA_BOUNDSCHECK", "0"),
        ("NUMBA_OPT", "3"),
        ("NUMBA_CPU_NAME", "generic"),
        ("NUMBA_CPU_FEATURES", ""),
        ("NUMBA_CPU_FEATURES", llvm.get_host_cpu_features().flatten()),
    ],
)
def test_a_valid_variable_is_accepted(name: str, value: str) -> None:
    assert ran(sys.executable, "-c", CHECK, **{name: value}).returncode == 0


def test_a_command_ends_with_one_line(tmp_path: Path) -> None:
    study = str(Path(__file__).parents[3] / "studies" / "quickstart-one-shot.toml")
    store = f"sqlite:///{tmp_path / 's.db'}"
    command = [*python_command("cli.main"), "run", study, "--store", store, "--workers", "1"]
    ended = ran(*command, NUMBA_DISABLE_JIT="1")
    assert ended.returncode == 2
    assert ended.stderr == (
        "dartboard: NUMBA_DISABLE_JIT turns off Numba's compiler, which the numba engine needs; "
        "unset NUMBA_DISABLE_JIT, or use --engine torch\n"
    )


def test_auto_does_not_hide_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NUMBA_OPT", "9")
    with pytest.raises(ServiceError, match="in NUMBA_OPT, got '9'"):
        choose_engine("auto", "cpu")


def test_without_settings_numba_is_not_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("NUMBA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setitem(sys.modules, "numba", None)  # an import would fail
    check_numba_settings()
