"""`dartboard compare` where re-runs fail or are interrupted."""

import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.compare import compare_studies
from configspace.errors import DartboardError, StudyError
from configspace.hyperparameters import Hyperparameters
from results.store import Store
from tests.results.made_up import filled, id_of


def compared(url: str, folder: Path, trials: int, **options: bool) -> int:
    return compare_studies(
        "one",
        "two",
        url,
        trials=trials,
        folder=folder,
        workers=0,
        threads=0,
        device="cpu",
        engine="torch",
        **options,
    )


def crash(store: Store, study: str, part: int) -> None:
    """Write a crashed re-run of the incumbent of a study that `filled` made."""
    id = id_of(6, 50, "rerun", part)
    store.submit(study, id, Hyperparameters(param_lr=7e-3), model_based=False)
    store.fail(study, id, state="crashed", failure=None, message="why", worker="w")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


def test_what_finished_is_compared_and_what_crashed_is_told(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, reruns=20)
        filled(store, "two", "final", seed=2, reruns=12)
        crash(store, "two", 3)
    assert compared(url, tmp_path / "exports", trials=20) == 0
    said = capsys.readouterr()
    verdict, wrote = said.out.splitlines()[-2:]
    assert "n = 12 and 20" in verdict
    assert wrote.startswith("wrote ")
    assert wrote.endswith(".pdf")
    assert said.err.startswith(
        "study 'two': 12 of 20 re-runs of its incumbent finished, 1 job crashed"
    )
    assert "'one'" not in said.err


def test_an_interrupted_comparison_goes_on_as_it_was_typed(
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1)
        filled(store, "two", "final", seed=2)
    monkeypatch.setattr("cli.compare.serve", lambda *_, **__: SimpleNamespace(state="stopped"))
    typed = ["compare", "one", "two", "--store", url, "--trials", "8", "-o", "my exports"]
    monkeypatch.setattr("sys.argv", ["dartboard", *typed])
    assert compared(url, tmp_path / "exports", trials=8) == 130
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"nothing that finished is lost; go on with: {shlex.join(['dartboard', *typed])}"
    )


def test_an_incumbent_without_any_re_run_that_finished_is_an_error(
    url: str, tmp_path: Path
) -> None:
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, reruns=8)
        filled(store, "two", "final", seed=2)
        crash(store, "two", 0)
    with pytest.raises(DartboardError, match=r"study 'two': 0 of 8 re-runs .*, 1 job crashed"):
        compared(url, tmp_path / "exports", trials=8)


def test_incumbents_are_re_run_under_other_versions_only_if_that_is_accepted(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1)
        filled(store, "two", "final", seed=2)
        store.take_up("two", {"numpy": "1.0"}, accept_version_change=True)
    served: list[object] = []

    def serve(*_: object, **__: object) -> SimpleNamespace:
        served.append(True)
        return SimpleNamespace(state="stopped")

    monkeypatch.setattr("cli.compare.serve", serve)
    with pytest.raises(StudyError, match=r"study 'two'.*numpy 1\.0 there.*--accept-version-change"):
        compared(url, tmp_path / "exports", trials=8)
    assert not served
    assert compared(url, tmp_path / "exports", trials=8, accept_version_change=True) == 130
    assert served
