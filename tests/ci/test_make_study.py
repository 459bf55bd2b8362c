"""`make study` gives the store's URL to each command as one word."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = '#!/bin/sh\nfor last; do :; done\necho "$1 $last" >> "$CALLS"\n'

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.mark.parametrize("given", ["command line", "environment"])
@pytest.mark.parametrize(
    "store",
    [
        "sqlite:///my store.db",
        "sqlite:///it's.db",
        'sqlite:///a"b`c$d.db',
        "postgresql://host/name?a=1&b=2",
    ],
)
def test_any_store_is_one_word(store: str, given: str, tmp_path: Path) -> None:
    calls, command = tmp_path / "calls", tmp_path / "dartboard"
    command.write_text(COMMAND)
    command.chmod(0o755)
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("MAKE")}
    environment["CALLS"] = str(calls)
    words = ["make", "-o", ".venv/ready", "study", f"BIN={tmp_path}"]
    if given == "environment":
        environment["STORE"] = store
    else:
        words.append(f"STORE={store}")
    subprocess.run(words, cwd=ROOT, env=environment, check=True, capture_output=True)
    expected = [f"{name} {store}" for name in ("run", "run", "compare")]
    assert calls.read_text().splitlines() == expected
