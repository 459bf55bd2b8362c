"""Words for people."""

from pathlib import Path

from cli.words import command_line


def test_a_command_is_written_with_the_options_that_are_not_its_defaults() -> None:
    line = command_line(
        ["dartboard", "run", "my study.toml"],
        {"--store": "sqlite:///a b.db", "--workers": 0, "--port": 0, "-o": Path("exports")},
        {
            "--store": "sqlite:///dartboard.db",
            "--workers": 0,
            "--port": 9090,
            "-o": Path("exports"),
        },
    )
    assert line == "dartboard run 'my study.toml' --store 'sqlite:///a b.db' --port 0"


def test_a_switch_is_written_alone_or_not_at_all() -> None:
    options: dict[str, object] = {"--insecure": True, "--yes": False, "--metrics-port": None}
    assert command_line(["dartboard"], options, {}) == "dartboard --insecure"
