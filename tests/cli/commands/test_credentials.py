"""`dartboard credentials`, run as a command."""

import stat
from pathlib import Path

import pytest

from tests.cli.test_main import dartboard


@pytest.mark.slow
@pytest.mark.parametrize("command", ["init", "issue", "revoke", "list"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    shown = dartboard("credentials", command, "--help")
    assert shown.returncode == 0
    assert f"Example: dartboard credentials {command}" in shown.stdout


def run(folder: Path, *arguments: str) -> str:
    shown = dartboard("credentials", *arguments, cwd=folder)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout + shown.stderr


def test_init_makes_an_authority(tmp_path: Path) -> None:
    shown = run(tmp_path, "init", "--host", "10.1.2.3")
    assert "made the authority in credentials; the master's" in shown


@pytest.fixture
def made(tmp_path: Path) -> Path:
    run(tmp_path, "init")
    return tmp_path


def test_a_second_init_keeps_the_authority(made: Path) -> None:
    assert "kept the authority" in run(made, "init")


def test_issue_writes_a_private_file(made: Path) -> None:
    assert "wrote laptop.pem" in run(made, "issue", "laptop", "-o", "laptop.pem")
    assert stat.S_IMODE((made / "laptop.pem").stat().st_mode) == 0o600


def test_issue_writes_to_standard_output(made: Path) -> None:
    assert run(made, "issue", "desk").count("-----BEGIN CERTIFICATE-----") == 2


@pytest.mark.slow
def test_revoked_credentials_are_listed_as_such(made: Path) -> None:
    run(made, "issue", "laptop")
    run(made, "issue", "desk")
    assert "revoked laptop (1 certificate)" in run(made, "revoke", "laptop")
    states = [line.split()[:2] for line in run(made, "list").splitlines()[1:]]
    assert states == [["desk", "valid"], ["laptop", "revoked"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("issue", "laptop"), "'dartboard credentials init --host NAME' makes"),
        (("list",), "'dartboard credentials init --host NAME' makes"),
        (("revoke", "laptop"), "'dartboard credentials init --host NAME' makes"),
        (("init", "--host", "a b"), "expected a name or address"),
        (("init", "--folder", "/proc/none"), "cannot make credentials in '/proc/none'"),
        (("issue", "laptop", "--days", "0"), "--days"),
        (("issue", "laptop", "-o", "."), "file '.' already exists"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    shown = dartboard("credentials", *arguments, cwd=tmp_path)
    assert shown.returncode == 2
    assert message in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


STUDY = 'name = "s"\nobjective = "final"\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--host", "0.0.0.0"),
            "other machines can reach a master on '0.0.0.0', got none; use --credentials",
        ),
        (("--host", "no such host"), "expected a name or address of this machine"),
        (("--credentials", "none"), "cannot read 'none/authority.pem': No such file"),
        (("--max-workers", "0"), "--max-workers"),
    ],
)
def test_a_master_that_cannot_serve_is_an_error(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    (tmp_path / "s.toml").write_text(STUDY)
    shown = dartboard("master", "s.toml", "--port", "0", *arguments, cwd=tmp_path)
    assert shown.returncode == 2
    assert message in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


def test_a_worker_without_its_file_is_an_error(tmp_path: Path) -> None:
    shown = dartboard("worker", "127.0.0.1:9", "--credentials", "none.pem", cwd=tmp_path)
    assert shown.returncode == 2
    assert "cannot read credentials 'none.pem': No such file" in shown.stderr
    assert len(shown.stderr.splitlines()) == 1
