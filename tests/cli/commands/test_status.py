"""`dartboard status` of a study, a campaign, and a whole store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.commands.status import status
from configspace.hyperparameters import Hyperparameters
from results.frames.study import load_from
from results.store.events import SeenWorker
from results.store.store import Store
from tests.results.made_up import filled, id_of
from tests.results.made_up_campaign import filled_campaign


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let standard output be a terminal."""
    for module in ("status", "tables"):
        monkeypatch.setattr(f"cli.console.{module}.is_terminal", lambda _: True)


@pytest.mark.usefixtures("terminal")
def test_live_workers_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    url = f"sqlite:///{tmp_path / 'store.db'}"
    heard = datetime.now(UTC) - timedelta(hours=4)  # shown to the minute
    with Store.open(url) as store:
        filled(store)
        for number, worker in ((20, "busy"), (21, "gone")):
            store.submit("blur-final", id_of(number, 6), Hyperparameters(), model_based=False)
            store.lease("blur-final", id_of(number, 6), worker=worker, token="t", attempt=2)
        seen = [
            SeenWorker("busy", "h", 1, "cuda:0", "torch", str(id_of(20, 6)), 2, heard),
            SeenWorker("lazy", "h", 2, "cpu", "numba", None, None, heard),
            SeenWorker("new", "h", 3, "cpu", "numba", "compiling kernels, 40 s", None, heard),
        ]
        store.show_workers("blur-final", seen)
    status("blur-final", url)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    (busy,) = [line for line in lines if line.startswith("busy")]
    assert busy.startswith("busy h cuda:0 torch 4 h 00 min ago (0, 0, 20)@6 2")
    assert "lazy h cpu numba 4 h 00 min ago idle" in lines
    assert "new h cpu numba 4 h 00 min ago compiling kernels, 40 s" in lines
    assert [line for line in lines if line.startswith("(0, 0, 21)@6 gone 2")]


@pytest.mark.usefixtures("terminal")
def test_a_worker_of_a_campaign_is_shown_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        campaign = filled_campaign(store, trials=7, part=3, crashed=1)
        job = "sequential-all-blur-darts-H1 trials from 3@50"
        seen = SeenWorker("busy", "h", 1, "cpu", "numba", job, 1, datetime.now(UTC))
        for condition in campaign.conditions:
            store.show_workers(condition.study, [seen])
    status("many", url)
    out = capsys.readouterr().out
    assert "12 of 14 trials finished" in out
    assert out.count(job) == 1
    assert ["sequential-all-blur-random-H1", "6/7", "1"] in [
        line.split()[:3] for line in out.splitlines()
    ]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (130, ["study", "objective", "problem", "state", "evaluations", "incumbent", "last"]),
        (80, ["study", "objective", "state", "evaluations", "incumbent"]),
        (60, ["study", "state", "evaluations"]),
    ],
)
def test_a_narrow_terminal_drops_columns(
    width: int,
    headings: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        filled(store, "downsampling-one-shot", "one-shot")
        filled_campaign(store, "blur-and-downsampling", trials=7)
    status(store=url)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == headings
    assert [line.split()[0] for line in lines] == ["downsampling-one-shot", "blur-and-downsampling"]
    assert "12 done" in lines[0]
    assert "14 of 14 trials" in lines[1]


def test_a_pipe_gets_one_line_per_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    url = f"sqlite:///{tmp_path / 'store.db'}"
    names = [letter * 60 for letter in "abc"]
    with Store.open(url) as store:
        for name in names:
            filled(store, name)
        filled_campaign(store, "d" * 60)
    status(store=url)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == [*names, "d" * 60]
    assert [len(line) for line in lines] == [7] * 4
    assert lines[0][1:5] == ["final", "blur", "done", "12 done"]


def test_a_pipe_gets_whole_conditions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        filled_campaign(store, trials=7)
    status("many", url)
    lines = capsys.readouterr().out.splitlines()
    assert "condition\ttrials\tcrashed\trunning\tbest\tmean\tmedian" in lines
    assert any(line.startswith("sequential-all-blur-darts-H1\t7/7\t") for line in lines)


def test_a_pipe_gets_whole_incumbents(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        filled(store)
    status("blur-final", url)
    lines = capsys.readouterr().out.splitlines()
    assert "epochs\tfinished" in lines
    assert "50\t3" in lines
    assert any(line.startswith("Param. learning rate\t0.007\t") for line in lines)


def test_several_targets_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        filled(store)
        store.add_target("blur-final", "x86-64-v4")
    status("blur-final", url)
    assert "kernels for" not in capsys.readouterr().out
    with Store.open(url) as store:
        store.add_target("blur-final", "x86-64-v3")
    status("blur-final", url)
    assert "computed with kernels for x86-64-v4, x86-64-v3: equal" in capsys.readouterr().out


def test_an_incumbent_has_the_unit_of_its_objective(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        filled(store, "tuned", "entropy")
        best = load_from(store, "tuned").evaluations.query("epochs == 50")["score"].min()
    status("tuned", url)
    assert f"entropy {best:.4g} nats at 50 epochs" in " ".join(capsys.readouterr().out.split())
    status(store=url)
    assert f"\t{best:.4g} nats at 50\t" in capsys.readouterr().out
