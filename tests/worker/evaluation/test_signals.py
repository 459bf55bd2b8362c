"""The signals that every search records."""

from dataclasses import replace

import numpy as np
import pytest

from configspace.search import RsWsSettings
from configspace.signals import ALWAYS
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from worker.engine.alpha import log_shares
from worker.engine.contract import Candidates, Searched
from worker.evaluation.evaluate import search_trials, train_fixed
from worker.evaluation.signals import candidate_scores, signals_of
from worker.torch_engine.engine import TorchEngine


def quiet(phase: str, done: int, of: int) -> None:
    pass


def test_a_search_records_every_signal() -> None:
    batch = batch_of(*HYPERPARAMETERS[:2], epochs=3)
    for trial in search_trials(batch, TorchEngine(), retrain=True, progress=quiet):
        assert trial.signals.keys() == {*ALWAYS}
        search = trial.curves[0]
        assert search.validation_loss is not None
        assert search.entropy is not None
        assert trial.signals["validation_loss"] == search.validation_loss[-1]
        assert trial.signals["entropy"] == pytest.approx(search.entropy[-1])


def test_a_random_search_leaves_out_signals_of_alpha() -> None:
    batch = batch_of(*HYPERPARAMETERS[:2])
    few = RsWsSettings(architectures=5, batches=1, finalists=2)
    search = batch.search.model_copy(update={"variant": "rs-ws", "rs_ws": few})
    batch = replace(batch, search=search)
    for trial in search_trials(batch, TorchEngine(), retrain=True, progress=quiet):
        assert trial.signals == {"inherited": trial.one_shot_psnr}
        curve = trial.curves[0]
        assert len(curve.train_loss) == len(curve.psnr) == batch.epochs
        assert curve.validation_loss is curve.entropy is curve.alpha_norm is None
        assert curve.plasticity_sup is curve.plasticity_edge is None
        assert trial.architecture_psnr is not None


def test_without_a_search_there_are_no_signals() -> None:
    batch = batch_of()
    (trial,) = train_fixed(
        batch, [("learnable_gradient", "cnn", "cnn")], TorchEngine(), progress=quiet
    )
    assert trial.signals == {}


def test_a_signal_that_is_not_finite_is_left_out() -> None:
    curve = np.ones((2, 3))
    searched = Searched(
        alphas=np.zeros((2, 3, 3, 4)),
        architectures=np.zeros((2, 3), np.int64),
        psnr=np.zeros(2),
        inherited_psnr=np.array([20.0, -np.inf]),
        train_loss=curve,
        validation_loss=curve,
        validation_psnr=curve,
    )
    first, second = signals_of(batch_of(*HYPERPARAMETERS[:2]), searched)
    assert first["inherited"] == 20.0
    assert second.keys() == {*ALWAYS} - {"inherited"}


def test_a_supernet_scores_candidates() -> None:
    candidates = Candidates(np.array([[0, 1, 2], [3, 3, 3]]), batches=2)
    batch = replace(batch_of(*HYPERPARAMETERS[:2]), candidates=candidates)
    for trial in search_trials(batch, TorchEngine(), retrain=True, progress=quiet):
        assert trial.candidates is not None
        assert len(trial.candidates.psnr) == 2
        assert trial.candidates.alpha_likelihood is not None
        assert all(value < 0 for value in trial.candidates.alpha_likelihood)


def test_candidates_have_their_likelihood_under_alpha() -> None:
    candidates = Candidates(np.array([[0, 1], [1, 1]]), batches=2)
    batch = replace(batch_of(layers=2), candidates=candidates)
    curve = np.ones((1, 1))
    alpha = np.random.default_rng(1).normal(size=(1, 1, 2, 4))
    searched = Searched(
        alphas=alpha,
        architectures=np.zeros((1, 2), np.int64),
        psnr=np.zeros(1),
        inherited_psnr=np.zeros(1),
        train_loss=curve,
        validation_loss=curve,
        validation_psnr=curve,
        candidate_psnr=np.array([[12.5, np.nan]]),
    )
    scores = candidate_scores(batch, searched, 0)
    assert scores is not None
    assert scores.psnr == (12.5, None)
    logs = log_shares(alpha[0, 0])
    expected = [logs[0, 0] + logs[1, 1], logs[0, 1] + logs[1, 1]]
    assert scores.alpha_likelihood == pytest.approx(expected)


def test_random_search_has_no_likelihood() -> None:
    few = RsWsSettings(architectures=5, batches=1, finalists=2)
    batch = replace(batch_of(), candidates=Candidates(np.array([[0, 1, 2]]), batches=1))
    batch = replace(
        batch, search=batch.search.model_copy(update={"variant": "rs-ws", "rs_ws": few})
    )
    (trial,) = search_trials(batch, TorchEngine(), retrain=False, progress=quiet)
    assert trial.candidates is not None
    assert trial.candidates.alpha_likelihood is None
