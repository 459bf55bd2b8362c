"""Commands that only read, on a finished store next to which nothing can be written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.commands.compare import compare
from cli.commands.delete import delete
from cli.commands.export import export
from cli.commands.findings import findings
from cli.commands.methods import methods
from cli.commands.plot import plot
from cli.commands.status import status
from cli.commands.table import table
from configspace.errors import StoreError
from results.store.store import Store
from tests.results.made_up import filled
from tests.results.made_up_campaign import filled_campaign

COMMANDS: dict[str, Callable[[str, Path], object]] = {
    "status": lambda url, _: status(store=url),
    "status of a study": lambda url, _: status("one", url),
    "status of a campaign": lambda url, _: status("table1", url),
    "export": lambda url, out: export(["one"], what="curves", output=out / "a.csv", store=url),
    "plot": lambda url, out: plot("budgets", ["one"], url, output=out / "a.png"),
    "table": lambda url, out: table(1, url, output=out / "a.txt"),
    "methods": lambda url, out: methods(["table1"], url, output=out / "a.txt"),
    "findings": lambda url, out: findings(url, output=out / "a.md"),
}


@pytest.fixture
def url(tmp_path: Path) -> str:
    folder = tmp_path / "read-only"
    folder.mkdir()
    made = f"sqlite:///{folder}/store.db"
    with Store.open(made) as store:
        filled(store, "one", "one-shot", reruns=4)
        filled(store, "two", reruns=4)
        filled_campaign(store, "table1", trials=12)
    (folder / "store.db-shm").symlink_to(
        "no/such/file"
    )  # so that SQLite can make no files, also if root asks
    return made


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_reads_works(command: str, url: str, tmp_path: Path) -> None:
    store, out = tmp_path / "read-only" / "store.db", tmp_path / "out"
    out.mkdir()
    before = store.read_bytes()
    COMMANDS[command](url, out)
    assert store.read_bytes() == before


@pytest.mark.slow
def test_compare_adds_no_runs(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(["one", "two"], url, trials=75, output=tmp_path, device="cpu") == 0
    assert "can only be read: no runs are added" in capsys.readouterr().err
    assert (tmp_path / "one-against-two.html").is_file()


@pytest.mark.parametrize("without", ["one", "two"])
def test_compare_without_re_runs_advises_a_copy(without: str, url: str, tmp_path: Path) -> None:
    shm = tmp_path / "read-only" / "store.db-shm"
    link = shm.readlink()
    shm.unlink()
    with Store.open(url) as store:
        store.delete(without)
        filled(store, without, "one-shot" if without == "one" else "final")
    shm.symlink_to(link)
    with pytest.raises(StoreError, match=rf"no re-runs .* study '{without}'.*; copy it to a "):
        compare(["one", "two"], url, trials=2, output=tmp_path / "out", device="cpu")
    assert not (tmp_path / "out").exists()


def test_delete_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="cannot write to store"):
        delete("one", url, yes=True)
