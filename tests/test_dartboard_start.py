"""Ctrl-C while the command starts."""

import subprocess
import sys

import pytest

from configspace.python_path import ROOT

START = """
import signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background

class Lost:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

class Finder:
    def find_spec(self, name, *_):
        if name == "cli.main":
            {interrupt}

sys.meta_path.insert(0, Finder())
sys.argv = ["dartboard", "--version"]
from dartboard_start import main
main()
"""


@pytest.mark.parametrize("interrupt", ["signal.raise_signal(signal.SIGINT)", "Lost()"])
def test_ctrl_c_during_the_imports_is_quiet(interrupt: str) -> None:
    command = [sys.executable, "-c", START.format(interrupt=interrupt)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_other_ignored_exceptions_are_shown() -> None:
    interrupt = "Lost.__del__ = lambda _: 1 / 0; Lost()"
    command = [sys.executable, "-c", START.format(interrupt=interrupt)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0
    assert "ZeroDivisionError" in ended.stderr
