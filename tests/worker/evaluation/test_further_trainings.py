"""Signals that take further trainings of an architecture: `short` and `second_final`."""

from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from configspace.job import Job, Outcome
from configspace.signals import Objective, signal_of
from tests.worker.evaluation.test_evaluate import Scripted, job_of, quiet, run
from worker.engine.contract import Batch, OnEpoch, Retrained
from worker.evaluation.architectures import indices_of
from worker.evaluation.evaluate import JobEvaluator, batch_of
from worker.evaluation.further_trainings import further_seed, further_trainings
from worker.evaluation.scores import NonFiniteScore
from worker.torch_engine.engine import TorchEngine

OBJECTIVES = get_args(Objective)


def long_job(objective: str = "final", **changes: Any) -> Job:
    return job_of(objective, epochs=6, seeds=(3, 4), **changes)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_signal_can_be_an_objective(objective: str) -> None:
    job = job_of(objective)
    outcome = run(job)
    outcome.check_against(job)
    assert Outcome.from_wire(outcome.to_wire()) == outcome


@pytest.mark.slow
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_engines_agree_on_every_objective(objective: str) -> None:
    job = job_of(objective, seeds=(11,))
    signal = signal_of(objective)
    numba = JobEvaluator(device="cpu", engine="numba", threads=1)(job, quiet)
    (torchs,), (numbas,) = run(job).trials, numba.trials
    # Single precision, over a few steps of either engine.
    assert numbas.value_of(signal) == pytest.approx(torchs.value_of(signal), rel=1e-3, abs=1e-3)


def test_a_short_training_is_independent_and_short() -> None:
    job = long_job("one-shot", signals=("short",), short_fraction=0.3)
    trials = run(job).trials
    seeds = np.array([further_seed(seed, "short") for seed in job.seeds])
    batch = replace(batch_of(job), epochs=2, seeds=seeds)
    picks = indices_of(batch, [trial.architecture for trial in trials])
    expected = TorchEngine().retrain(batch, picks, lambda *_: None).psnr
    assert [trial.signals["short"] for trial in trials] == expected.tolist()


def test_a_second_retraining_is_another_run() -> None:
    for trial in run(long_job(signals=("second-final",))).trials:
        assert trial.signals["second_final"] != trial.architecture_psnr
        assert "short" not in trial.signals


def test_further_signals_change_no_score() -> None:
    plain = run(long_job()).trials
    more = run(long_job(signals=("short", "second-final"))).trials
    for one, other in zip(plain, more, strict=True):
        assert (one.one_shot_psnr, one.architecture_psnr) == (
            other.one_shot_psnr,
            other.architecture_psnr,
        )
        assert one.signals.items() <= other.signals.items()
        assert one.curves == other.curves


def test_a_fixed_architecture_has_further_signals() -> None:
    job = long_job(signals=("short", "second-final"), architectures=(("cnn", "cnn"),) * 2)
    outcome = run(job)
    outcome.check_against(job)
    for trial in outcome.trials:
        assert trial.signals.keys() == {"short", "second_final"}


def test_the_trials_share_the_further_seconds() -> None:
    first, second = run(long_job("short")).trials
    assert first.signal_seconds == second.signal_seconds
    assert first.signal_seconds is not None
    assert first.signal_seconds > 0
    assert run(long_job()).trials[0].signal_seconds is None


def test_progress_names_the_further_trainings() -> None:
    reports = []
    job = job_of("one-shot", signals=("short", "second-final"), short_fraction=0.5)
    run(job, lambda *report: reports.append(report))
    assert reports[2:] == [("short", 1, 1), ("second-final", 1, 2), ("second-final", 2, 2)]


def test_an_eigenvalue_is_asked_of_the_engine() -> None:
    assert not batch_of(job_of()).eigenvalues
    assert batch_of(job_of(signals=("eigenvalue",))).eigenvalues
    assert batch_of(job_of("eigenvalue-ratio")).eigenvalues


class Failing(Scripted):
    """An engine whose retrainings of other seeds than the job's end badly."""

    def __init__(self, job: Job, end: float | Exception) -> None:
        super().__init__([10.0, 11.0], [20.0, 21.0])
        self._seeds, self._end = job.seeds, end

    def retrain(
        self, batch: Batch, architectures: NDArray[np.int64], on_epoch: OnEpoch
    ) -> Retrained:
        trained = super().retrain(batch, architectures, on_epoch)
        if tuple(batch.seeds) == self._seeds:
            return trained
        if isinstance(self._end, Exception):
            raise self._end
        return replace(trained, psnr=np.array([19.0, self._end]))


def evaluated(job: Job, end: float | Exception, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    engine = Failing(job, end)
    monkeypatch.setattr("worker.evaluation.evaluate.able_engine", lambda *_: engine)
    monkeypatch.setattr("worker.evaluation.evaluate.make_ready", lambda *_, **__: None)
    return run(job)


def test_a_diverged_further_training_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = evaluated(job_of(signals=("short",)), np.nan, monkeypatch).trials
    assert first.signals["short"] == 19.0
    assert "short" not in second.signals
    assert second.architecture_psnr == 21.0


def test_a_failed_further_training_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_of(signals=("second-final",))
    for trial in evaluated(job, ValueError("singular"), monkeypatch).trials:
        assert "second_final" not in trial.signals
        assert trial.architecture_psnr is not None


def test_a_diverged_objective_is_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NonFiniteScore, match=r"finite short PSNR in trial 1 \(seed 7\) of 2"):
        evaluated(job_of("short"), np.nan, monkeypatch)


def test_a_failed_objective_fails_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="singular"):
        evaluated(job_of("short"), ValueError("singular"), monkeypatch)


def test_an_exact_short_training_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    _, second = evaluated(job_of("short"), np.inf, monkeypatch).trials
    assert second.signals["short"] == 500.0


def test_seeds_of_further_trainings_differ() -> None:
    seeds = {
        further_seed(seed, request) for seed in (1, 2) for request in ("short", "second-final")
    }
    assert len(seeds) == 4
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_short_training_has_an_epoch() -> None:
    (short,) = further_trainings(job_of("short"))
    assert (short.epochs, short.decides) == (1, True)
