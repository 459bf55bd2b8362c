"""`dartboard compare` when re-runs fail or are interrupted."""

import contextlib
import shlex
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.commands.compare import compare
from cli.session.serve import Session
from configspace.errors import DartboardError, StudyError
from configspace.hyperparameters import Hyperparameters
from configspace.job import loss, single_part
from master.sources.base import JobSource, Submission
from results.frames.campaign import load_campaign_from
from results.frames.study import load
from results.store.store import Store
from tests.results.made_up import filled, id_of
from tests.worker.noop import outcome_of


def compared(
    url: str,
    folder: Path,
    trials: int,
    *,
    names: Sequence[str] = ("one", "two"),
    quick: bool = True,
    **options: bool,
) -> int:
    return compare(
        list(names),
        url,
        trials=trials,
        quick=quick,
        output=folder,
        device="cpu",
        engine="torch",
        **options,
    )


def crash(store: Store, study: str, part: int, *, number: int = 6) -> None:
    """Write a part of eight re-runs of which each crashed, together and then alone.

    Args:
        store: The store.
        study: A study that `filled` made.
        part: The part.
        number: Number of the configuration; by default that of the incumbent.
    """
    values = Hyperparameters(param_lr=1e-3 * (number + 1))
    for each in (part, *(single_part(part, index) for index in range(8))):
        id = id_of(number, 50, "rerun", each)
        store.submit(study, id, values, model_based=False, seeds=8 if each == part else 1)
        store.fail(study, id, state="crashed", failure=None, message="why", worker="w")


def serve_at_once(_: Session, source: JobSource, store: Store, title: str) -> SimpleNamespace:
    """Do what workers would do, with invented scores."""
    while isinstance(submission := source.next(), Submission):
        job = submission.job
        store.submit(
            job.study, job.id, job.hyperparameters, model_based=False, seeds=len(job.seeds)
        )
        store.lease(job.study, job.id, worker="w", token="t", attempt=1)
        outcome = outcome_of(job)
        outcome.check_against(job)
        value = loss(outcome, "final", "mean")
        store.finish(job.study, outcome, loss=value, worker="w")
        source.finished(job, value)
    return SimpleNamespace(state="done")


def take(store: Path, seconds: dict[str, float]) -> None:
    """Let every search and retraining of some studies have taken so many seconds."""
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        for study, took in seconds.items():
            connection.execute(
                "update trials set search_seconds = ?, retrain_seconds = ? where evaluation_id in "
                "(select evaluations.id from evaluations join studies on studies.id = study_id "
                "where studies.name = ?)",
                (took, took, study),
            )


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


@dataclass(frozen=True)
class Shown:
    """What a comparison wrote to standard output and standard error."""

    out: str
    err: str


@pytest.fixture
def with_a_crash(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shown:
    """Compare two studies, of which one has a crashed part among its re-runs."""
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, reruns=20)
        filled(store, "two", "final", seed=2, reruns=12)
        crash(store, "two", 3)
    assert compared(url, tmp_path / "exports", trials=20) == 0
    shown = capsys.readouterr()
    return Shown(shown.out, shown.err)


@pytest.mark.slow
def test_finished_re_runs_are_compared(with_a_crash: Shown) -> None:
    lines = with_a_crash.out.splitlines()
    verdict = lines[lines.index("Which objective's incumbent gives the better architectures?") + 1]
    assert "n = 12 and 20" in verdict


@pytest.mark.slow
def test_the_written_files_are_listed(with_a_crash: Shown) -> None:
    line = with_a_crash.out.splitlines()[-1]
    assert line.startswith("wrote ")
    written = [Path(path) for path in line.removeprefix("wrote ").split(", ")]
    assert [path.suffix for path in written] == [".html", ".md", ".png", ".pdf", ".png", ".pdf"]
    assert all(path.stat().st_size for path in written)


@pytest.mark.slow
def test_crashed_re_runs_are_reported(with_a_crash: Shown) -> None:
    assert with_a_crash.err.startswith(
        "study 'two': 12 of 20 re-runs of its incumbent finished, 8 jobs crashed"
    )
    assert "'one'" not in with_a_crash.err


@pytest.fixture
def explained(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """Return the output of a comparison with everything that explains it."""
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, configurations=6)
        filled(store, "two", "final", seed=2)
    monkeypatch.setattr(Session, "serve", serve_at_once)
    assert compared(url, tmp_path, trials=12, quick=False) == 0
    return capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("explained")
def test_conditions_explain_the_difference(url: str) -> None:
    with Store.open(url) as store:
        conditions = [one.name for one in store.campaign("one-against-two").conditions]
    names = ["one-shot-0.0.3-50", "final-0.0.6-50"]
    assert conditions == [
        *(f"{name}-on-downsampling" for name in names),
        f"{names[0]}-architectures-trained-as-{names[1]}",
        f"{names[1]}-architectures-trained-as-{names[0]}",
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("explained")
def test_all_trials_of_the_conditions_are_run(url: str) -> None:
    with Store.open(url) as store:
        frames = load_campaign_from(store, "one-against-two")
    assert frames.conditions["finished"].tolist() == [12] * 4
    assert set(frames.conditions["state"]) == {"done"}


@pytest.mark.slow
@pytest.mark.usefixtures("explained")
def test_the_best_at_equal_cost_is_re_run(url: str) -> None:
    early = load(url, "two", with_curves=False).trials.query("purpose == 'rerun'")
    assert early.groupby("configuration").size().to_dict() == {"(0, 0, 0)": 12, "(0, 0, 6)": 12}


@pytest.mark.slow
def test_the_answers_are_shown(explained: str) -> None:
    answers = (
        "At equal cost the ",
        "Does the order hold on the other problem?",
        "Where does the difference come from",
    )
    assert [answer for answer in answers if answer not in explained] == []


@pytest.mark.slow
def test_everything_is_run_only_once(
    explained: str,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Session, "serve", None)  # nothing is left to serve
    assert compared(url, tmp_path, trials=12, quick=False) == 0
    assert capsys.readouterr().out == explained


@pytest.mark.slow
def test_crashes_at_equal_cost_are_reported(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, configurations=6, reruns=8)
        filled(store, "two", "final", seed=2, reruns=8)
        crash(store, "two", 0, number=0)
    monkeypatch.setattr(Session, "serve", serve_at_once)
    assert compared(url, tmp_path, trials=8, quick=False) == 0
    said = capsys.readouterr()
    assert (
        "study 'two': 0 of 8 re-runs of its best at another study's cost finished, 8 jobs crashed"
    ) in said.err
    assert (
        "The observed score was the only one on that budget; the configuration was not re-run."
        in said.out
    )


@pytest.mark.slow
def test_re_runs_do_not_depend_on_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "serve", serve_at_once)
    again = []
    for name, seconds in (("even", None), ("uneven", {"one": 1000.0, "two": 0.001})):
        folder = tmp_path / name
        folder.mkdir()
        url = f"sqlite:///{folder}/store.db"
        with Store.open(url) as store:
            filled(store, "one", "one-shot", seed=1, configurations=6)
            filled(store, "two", "final", seed=2)
        if seconds is not None:
            take(folder / "store.db", seconds)
        assert compared(url, folder, trials=12, quick=False) == 0
        runs = load(url, "two", with_curves=False).trials.query("purpose == 'rerun'")
        again.append(runs[["configuration", "epochs", "part", "trial", "seed"]])
    assert len(again[0]) == 24
    assert again[0].equals(again[1])


@pytest.mark.slow
def test_a_quick_comparison_runs_nothing_at_equal_cost(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, configurations=6)
        filled(store, "two", "final", seed=2)
    monkeypatch.setattr(Session, "serve", serve_at_once)
    assert compared(url, tmp_path, trials=4) == 0
    again = load(url, "two", with_curves=False).trials.query("purpose == 'rerun'")
    assert set(again["configuration"]) == {"(0, 0, 6)"}


@pytest.mark.slow
def test_more_trials_extend_a_comparison(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, configurations=6)
        filled(store, "two", "final", seed=2)
    monkeypatch.setattr(Session, "serve", serve_at_once)
    for trials in (4, 10):
        assert compared(url, tmp_path, trials=trials, quick=False) == 0
    with Store.open(url) as store:
        found = load_campaign_from(store, "one-against-two")
    assert found.conditions["finished"].tolist() == [10] * 4
    assert found.trials.groupby("condition")["seed"].nunique().tolist() == [10] * 4


def test_an_interrupted_comparison_shows_how_to_resume(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1)
        filled(store, "two", "final", seed=2)
    monkeypatch.setattr(Session, "serve", lambda *_, **__: SimpleNamespace(state="stopped"))
    typed = ["compare", "one", "two", "--store", url, "--trials", "8", "-o", "my exports"]
    monkeypatch.setattr("sys.argv", ["dartboard", *typed])
    assert compared(url, tmp_path / "exports", trials=8) == 130
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"all finished results are kept; resume with: {shlex.join(['dartboard', *typed])}"
    )


def test_an_incumbent_without_re_runs_is_an_error(url: str, tmp_path: Path) -> None:
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, reruns=8)
        filled(store, "two", "final", seed=2)
        crash(store, "two", 0)
    with pytest.raises(DartboardError, match=r"study 'two': 0 of 8 re-runs .*, 8 jobs crashed"):
        compared(url, tmp_path / "exports", trials=8)


def test_other_versions_need_consent(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1)
        filled(store, "two", "final", seed=2)
        store.resume("two", {"numpy": "1.0"}, accept_version_change=True)
    served: list[object] = []

    def serve(*_: object, **__: object) -> SimpleNamespace:
        served.append(True)
        return SimpleNamespace(state="stopped")

    monkeypatch.setattr(Session, "serve", serve)
    with pytest.raises(
        StudyError, match=r"study 'two'.*numpy 1\.0 in the store.*--accept-version-change"
    ):
        compared(url, tmp_path / "exports", trials=8)
    assert not served
    assert compared(url, tmp_path / "exports", trials=8, accept_version_change=True) == 130
    assert served


def three(url: str) -> list[str]:
    """Write three studies, and return their names; the second one is the final study."""
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, configurations=6)
        filled(store, "two", "final", seed=2)
        filled(store, "third", "one-shot", seed=3, configurations=4)
    return ["one", "two", "third"]


@pytest.mark.slow
def test_three_studies_share_the_runs_of_the_reference(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = three(url)
    monkeypatch.setattr(Session, "serve", serve_at_once)
    assert compared(url, tmp_path, trials=6, quick=False, names=names) == 0
    shown = capsys.readouterr().out
    assert (tmp_path / "one-and-third-against-two.html").is_file()
    assert "one-shot" in shown.splitlines()[1]
    # The reference has its incumbent, and the same best at the cost of either study.
    again = load(url, "two", with_curves=False).trials.query("purpose == 'rerun'")
    assert again.groupby("configuration").size().to_dict() == {"(0, 0, 0)": 6, "(0, 0, 6)": 6}
    with Store.open(url) as store:
        conditions = {
            name: [one.name for one in store.campaign(name).conditions]
            for name in ("one-against-two", "third-against-two")
        }
    everywhere = [name for found in conditions.values() for name in found]
    assert everywhere.count("final-0.0.6-50-on-downsampling") == 1
    assert [len(found) for found in conditions.values()] == [4, 3]


@pytest.mark.slow
def test_a_comparison_gets_one_more_study(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = three(url)
    served: list[str] = []

    def serve(_: Session, source: JobSource, store: Store, title: str) -> object:
        served.extend(source.studies)
        return serve_at_once(_, source, store, title)

    monkeypatch.setattr(Session, "serve", serve)
    assert compared(url, tmp_path, trials=6, quick=False, names=["third", "two"]) == 0
    served.clear()
    assert compared(url, tmp_path, trials=6, quick=False, names=names) == 0
    with Store.open(url) as store:
        counts = load_campaign_from(store, "third-against-two").conditions["finished"]
    assert counts.tolist() == [6] * 4
    served.clear()
    assert compared(url, tmp_path, trials=6, quick=False, names=names) == 0
    assert served == []


def test_studies_without_a_reference_are_refused(url: str, tmp_path: Path) -> None:
    three(url)
    with pytest.raises(StudyError, match="got 'one' with 'one-shot', 'third' with 'one-shot'; add"):
        compared(url, tmp_path / "out", trials=6, names=["one", "third"])
    assert not (tmp_path / "out").exists()
