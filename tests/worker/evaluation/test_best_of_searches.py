"""R-DARTS and best-of-four DARTS: searches, short retrainings, and the choice among them."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from configspace.job import Job
from configspace.search import SearchSettings
from tests.worker.evaluation.test_evaluate import job_of, quiet, run
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from worker.engine.alpha import discretize
from worker.engine.contract import Batch, OnEpoch, Retrained, Searched
from worker.evaluation.best_of_searches import (
    BestOfSearches,
    best_searches,
    search_seed,
    searches_of,
)
from worker.evaluation.evaluate import JobEvaluator
from worker.evaluation.further_trainings import further_seed
from worker.evaluation.scores import NonFiniteScore
from worker.torch_engine.engine import TorchEngine

SELECTING = ("best-of-four", "r-darts-l2", "r-darts-dp")


def selecting(variant: str, batch: Batch, **settings: Any) -> Batch:
    update = {"variant": variant, **settings}
    return replace(batch, search=batch.search.model_copy(update=update))


def job_by(variant: str, **changes: Any) -> Job:
    search = SearchSettings.model_validate({"variant": variant, "batch_size": 4, "batches": 2})
    return job_of(search=search, epochs=4, **changes)


def test_all_searches_are_darts_from_their_own_seeds() -> None:
    batch = selecting("best-of-four", batch_of(*HYPERPARAMETERS[:2]))
    runs = searches_of(batch)
    assert runs.search.variant == "darts"
    assert runs.drop_paths is None
    assert runs.hyperparameters == HYPERPARAMETERS[:2] * 4
    assert len({*runs.seeds.tolist(), *batch.seeds.tolist()}) == 10
    assert runs.seeds[5] == search_seed(int(batch.seeds[1]), 2)


def test_each_search_has_its_weight_decay() -> None:
    batch = selecting("r-darts-l2", batch_of(*HYPERPARAMETERS[:2]), weight_decays=(0.5, 0.25, 0.0))
    decays = [hyper.param_weight_decay for hyper in searches_of(batch).hyperparameters]
    assert decays == [0.5, 0.5, 0.25, 0.25, 0.0, 0.0]


def test_each_search_has_its_drop_path() -> None:
    batch = selecting("r-darts-dp", batch_of(*HYPERPARAMETERS[:2]), drop_paths=(0.1, 0.7))
    runs = searches_of(batch)
    assert runs.drop_paths == (0.1, 0.1, 0.7, 0.7)
    assert runs.hyperparameters == HYPERPARAMETERS[:2] * 2


@pytest.mark.parametrize("variant", SELECTING)
def test_a_result_is_that_of_the_best_search(variant: str) -> None:
    batch = selecting(variant, batch_of(*HYPERPARAMETERS[:2], epochs=3))
    engine = TorchEngine()
    found = BestOfSearches(engine, 2).search(batch, lambda done, of: None)

    runs = searches_of(batch)
    searched = engine.search(runs, lambda done, of: None)
    seeds = np.array([further_seed(int(seed), "short") for seed in runs.seeds])
    short = replace(runs, seeds=seeds, epochs=2, hyperparameters=HYPERPARAMETERS[:2] * 4)
    psnr = engine.retrain(short, searched.architectures, lambda done, of: None).psnr
    for trial in range(2):
        best = trial + 2 * psnr[trial::2].argmax()
        assert found.chosen is not None
        assert found.chosen[trial] == psnr[trial::2].argmax()
        for one in (one for one in fields(Searched) if one.name != "chosen"):
            if (values := getattr(searched, one.name)) is None:
                assert getattr(found, one.name) is None
                continue
            expected = values[best]
            np.testing.assert_array_equal(getattr(found, one.name)[trial], expected)


def test_one_search_without_drop_path_is_darts() -> None:
    batch = selecting("r-darts-dp", batch_of(*HYPERPARAMETERS[:2], epochs=3), drop_paths=(0.0,))
    found = BestOfSearches(TorchEngine(), 1).search(batch, lambda done, of: None)
    plain = replace(searches_of(batch), drop_paths=None)
    expected = TorchEngine().search(plain, lambda done, of: None)
    np.testing.assert_array_equal(found.alphas, expected.alphas)
    np.testing.assert_array_equal(found.psnr, expected.psnr)


def test_epochs_of_searches_and_retrainings_are_reported() -> None:
    reports: list[tuple[int, int]] = []
    batch = selecting("best-of-four", batch_of(epochs=3))
    BestOfSearches(TorchEngine(), 2).search(batch, lambda *report: reports.append(report))
    assert reports == [(done, 5) for done in range(1, 6)]


class Diverging:
    """An engine whose searches diverge in a curve, and whose retrainings give stated scores."""

    name, device = "diverging", "cpu"

    def __init__(self, diverged: list[bool], psnr: list[float]) -> None:
        self._diverged, self._psnr = np.array(diverged), np.array(psnr)

    def unsupported(self, *_: object) -> None:
        return None

    def search(self, batch: Batch, on_epoch: OnEpoch) -> Searched:
        trials = len(batch.seeds)
        alphas = np.zeros((trials, batch.epochs, batch.architecture.edges, 4))
        curve = np.ones((trials, batch.epochs))
        return Searched(
            alphas=alphas,
            architectures=discretize(alphas[:, -1]),
            psnr=np.arange(float(trials)),
            inherited_psnr=np.full(trials, np.nan),
            train_loss=np.where(self._diverged[:, None], np.inf, curve),
            validation_loss=curve,
            validation_psnr=np.where(np.arange(trials)[:, None] == 0, np.inf, curve),
        )

    def retrain(
        self, batch: Batch, architectures: NDArray[np.int64], on_epoch: OnEpoch
    ) -> Retrained:
        curve = np.ones((len(batch.seeds), batch.epochs))
        return Retrained(psnr=self._psnr, train_loss=curve, train_psnr=curve)


def choice(diverged: list[bool], psnr: list[float]) -> float:
    """Return the chosen search of one trial; its one-shot PSNR is its index."""
    batch = selecting("best-of-four", batch_of())
    engine = BestOfSearches(Diverging(diverged, psnr), 1)
    return float(engine.search(batch, lambda done, of: None).psnr[0])


def test_a_diverged_search_loses() -> None:
    assert choice([False, True, False, False], [20.0, 30.0, 21.0, np.nan]) == 2


def test_an_exact_recovery_wins() -> None:
    assert choice([False] * 4, [np.inf, 30.0, 21.0, np.nan]) == 0


def test_without_a_finite_search_there_is_no_score() -> None:
    with pytest.raises(NonFiniteScore, match=r"one of 4 searches in trial 0 \(seed 5000000000\)"):
        choice([True, True, False, False], [20.0, 21.0, np.nan, -np.inf])


def test_each_trial_has_its_best() -> None:
    batch = batch_of(*HYPERPARAMETERS[:3])
    psnr = np.array([1.0, 9.0, 2.0, 8.0, 3.0, np.nan])
    assert best_searches(batch, psnr).tolist() == [3, 1, 2]


@pytest.mark.parametrize("variant", SELECTING)
def test_a_trial_retrains_the_chosen_architecture(variant: str) -> None:
    job = job_by(variant)
    outcome = run(job)
    outcome.check_against(job)
    fixed = run(
        job.model_copy(update={"architectures": tuple(one.architecture for one in outcome.trials)})
    )
    for trial, again in zip(outcome.trials, fixed.trials, strict=True):
        assert trial.architecture_psnr == again.architecture_psnr
        assert trial.curves[1] == again.curves[0]
        assert trial.signals["inherited"] != trial.one_shot_psnr
        assert trial.signals["chosen_search"] in range(4)
        assert "chosen_search" not in again.signals


@pytest.mark.slow
@pytest.mark.parametrize("variant", SELECTING)
def test_engines_choose_alike(variant: str) -> None:
    job = job_by(variant, seeds=(11, 12))
    numba = JobEvaluator(device="cpu", engine="numba", threads=1)(job, quiet)
    for one, other in zip(numba.trials, run(job).trials, strict=True):
        assert one.architecture == other.architecture
        assert one.one_shot_psnr == pytest.approx(other.one_shot_psnr, abs=1e-3)
        assert one.architecture_psnr == pytest.approx(other.architecture_psnr, abs=1e-3)
