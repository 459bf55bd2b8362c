"""One worker for each GPU."""

import subprocess

import pytest

from cli.local import gpus
from configspace.errors import ServiceError
from configspace.python_path import python_command


def test_each_gpu_gets_one_worker(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Started(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, command: list[str], **options: bool) -> None:
            super().__init__(["echo", *command[len(python_command("cli.main")) :]], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", Started)

    assert gpus.run_on_every_gpu(["worker", "desk:9090", "--device", "all"], gpus=3) == 0

    lines = sorted(capfd.readouterr().out.splitlines())
    assert [line.split("--device ")[-1] for line in lines] == ["cuda:0", "cuda:1", "cuda:2"]
    assert all(line.startswith("worker desk:9090 --device all --parent ") for line in lines)


def test_the_exit_code_reports_a_failed_worker() -> None:
    assert gpus.run_on_every_gpu(["worker", "not an address"], gpus=1) == 2


def test_a_missing_gpu_is_an_error() -> None:
    with pytest.raises(ServiceError, match="use --device cpu"):
        gpus.run_on_every_gpu(["worker", "desk:9090"], gpus=0)
