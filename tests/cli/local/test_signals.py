"""How a process stops on signals."""

import signal
import subprocess
import sys

from tests.cli.commands.test_run import ROOT


def test_a_second_ctrl_c_exits_at_once() -> None:
    code = (
        "import re; from cli.local.signals import stop_on_signals\n"
        "with stop_on_signals() as stop:\n"
        "    print('running', flush=True)\n"
        "    stop.wait()\n"
        "    print('stopping', flush=True)\n"
        "    re.match('(a+)+$', 'a' * 40 + 'b')\n"  # longer than any test, in one call into C
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            for line in ("running", "stopping"):
                assert process.stdout.readline().strip() == line
                process.send_signal(signal.SIGINT)
            assert process.wait(120) == -signal.SIGINT
        finally:
            process.kill()
