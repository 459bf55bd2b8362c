from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.around import Instant
from configspace.architecture import ArchitectureSettings
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Job, Outcome
from configspace.search import HessianSettings, SearchSettings
from configspace.signals import ALWAYS
from configspace.study import ProblemSettings
from tests.worker.made_up import batch_of
from worker.engine.alpha import discretize
from worker.engine.contract import Batch, OnEpoch, Retrained, Searched
from worker.evaluation.architectures import same_everywhere
from worker.evaluation.evaluate import (
    JobEvaluator,
    search_trials,
    train_fixed,
)
from worker.evaluation.evaluate import (
    batch_of as batch_of_job,
)
from worker.evaluation.scores import EXACT_PSNR, NonFiniteScore


def job_of(objective: str = "final", **changes: object) -> Job:
    values = {
        "study": "made-up",
        "id": EvaluationId(configuration=(0, 0, 0), epochs=2),
        "objective": objective,
        "problem": ProblemSettings(points=12),
        "architecture": ArchitectureSettings(layers=2, channels=2),
        # Two epochs have two measurements, of which each is a mean.
        "search": SearchSettings(
            batch_size=4, batches=2, hessian=HessianSettings(every=1, window=1)
        ),
        "hyperparameters": Hyperparameters(),
        "epochs": 2,
        "seeds": (2**62 + 1, 7),
        "time_limit": 60.0,
    }
    return Job.model_validate({**values, **changes})


EXACT = """
import numpy as np
import torch


class Exact:
    def __init__(self, settings):
        self.matrix, self.noise = np.eye(settings.points), 0.0

    def signals(self, generator):
        return generator.normal(self.matrix.shape[1])


class Nothing(torch.nn.Module):
    def __init__(self, matrix):
        super().__init__()
        self.unused = torch.nn.Parameter(torch.tensor(0.0))

    def forward(self, u, start):
        return u * 0
"""
"""A problem that an operation solves exactly: the network adds its input, y = x, to its output."""


def quiet(phase: str, done: int, of: int) -> None:
    pass


def run(job: Job, progress: Callable[[str, int, int], None] = quiet) -> Outcome:
    return JobEvaluator(device="cpu", engine="torch", threads=1)(job, progress)


def test_an_evaluator_compiles_when_it_prepares(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(
        "worker.evaluation.evaluate.make_ready",
        lambda engine, progress: compiled.append(engine.name),
    )
    evaluator = JobEvaluator(device="cpu", engine="numba", threads=1)
    assert compiled == []
    evaluator.prepare(quiet)
    assert compiled == ["numba"]


class Scripted:
    """An engine that returns given scores."""

    name = "scripted"
    device = "cpu"

    def __init__(self, psnr: list[float], retrained: list[float], loss: float = 1.0) -> None:
        self._psnr, self._retrained, self._loss = psnr, retrained, loss

    def unsupported(self, architecture: ArchitectureSettings, search: SearchSettings) -> str | None:
        return None

    def _curve(self, batch: Batch) -> NDArray[np.float64]:
        return np.full((len(batch.seeds), batch.epochs), self._loss)

    def search(self, batch: Batch, on_epoch: OnEpoch) -> Searched:
        alphas = np.zeros((len(batch.seeds), batch.epochs, batch.architecture.layers, 4))
        alphas[0, -1, 0, 3] = alphas[1, -1, 1, 1] = 1
        curve = self._curve(batch)
        return Searched(
            alphas=alphas,
            architectures=discretize(alphas[:, -1]),
            psnr=np.array(self._psnr),
            inherited_psnr=np.array(self._psnr) - 1,
            train_loss=curve,
            validation_loss=curve,
            validation_psnr=curve,
        )

    def retrain(
        self, batch: Batch, architectures: NDArray[np.int64], on_epoch: OnEpoch
    ) -> Retrained:
        curve = self._curve(batch)
        return Retrained(psnr=np.array(self._retrained), train_loss=curve, train_psnr=curve)


@pytest.mark.parametrize("objective", ["one-shot", "final"])
def test_an_outcome_answers_its_job(objective: str) -> None:
    job = job_of(objective)
    run(job).check_against(job)


def test_an_outcome_survives_the_wire() -> None:
    outcome = run(job_of())
    assert Outcome.from_wire(outcome.to_wire()) == outcome


def test_an_outcome_names_its_engine_and_device() -> None:
    outcome = run(job_of())
    assert (outcome.engine, outcome.device) == ("torch", "cpu")


def test_a_job_gives_the_same_scores_twice() -> None:
    first, second = run(job_of()), run(job_of())
    assert [trial.architecture_psnr for trial in first.trials] == [
        trial.architecture_psnr for trial in second.trials
    ]


def test_a_final_evaluation_has_both_scores() -> None:
    for trial in run(job_of()).trials:
        assert trial.one_shot_psnr is not None
        assert trial.architecture_psnr is not None


def test_a_final_evaluation_has_both_curves() -> None:
    for trial in run(job_of()).trials:
        assert [curve.phase for curve in trial.curves] == ["search", "retrain"]
        assert all(len(curve.train_loss) == len(curve.psnr) == 2 for curve in trial.curves)


def test_a_one_shot_evaluation_retrains_nothing() -> None:
    phases = []
    outcome = run(job_of("one-shot"), lambda phase, done, of: phases.append(phase))
    assert set(phases) == {"search"}
    for trial in outcome.trials:
        assert trial.architecture_psnr is None
        assert trial.retrain_seconds is None
        assert [curve.phase for curve in trial.curves] == ["search"]


def test_one_shot_scores_do_not_depend_on_the_objective() -> None:
    one_shot, final = run(job_of("one-shot")), run(job_of("final"))
    assert [t.one_shot_psnr for t in one_shot.trials] == [t.one_shot_psnr for t in final.trials]
    assert [t.architecture for t in one_shot.trials] == [t.architecture for t in final.trials]


def test_progress_names_the_phase_and_epoch() -> None:
    reports = []
    run(job_of(), lambda *report: reports.append(report))
    assert reports == [(phase, e, 2) for phase in ("search", "retrain") for e in (1, 2)]


def test_trials_come_in_the_order_of_the_seeds() -> None:
    swapped = run(job_of(seeds=(7, 2**62 + 1))).trials
    for trial, other in zip(run(job_of()).trials, reversed(swapped), strict=True):
        assert trial.seed == other.seed
        assert trial.one_shot_psnr == pytest.approx(other.one_shot_psnr, abs=1e-4)


def test_trials_share_the_seconds_of_their_batch() -> None:
    trials = run(job_of()).trials
    assert trials[0].search_seconds == trials[1].search_seconds
    assert trials[0].retrain_seconds == trials[1].retrain_seconds


@pytest.mark.parametrize("variant", ["darts", "darts-second-order", "darts-single", "rs-ws"])
def test_a_cell_architecture_names_one_operation_per_edge(variant: str) -> None:
    space = ArchitectureSettings(space="cell", cells=2, states=2, channels=2)
    search = SearchSettings.model_validate(
        {"variant": variant, "batch_size": 4, "batches": 2, "rs_ws": {"architectures": 20}}
    )
    job = job_of(architecture=space, search=search)
    outcome = run(job)
    outcome.check_against(job)
    names = {"learnable_gradient", "cnn", "roll", "noise", "zero"}
    for trial in outcome.trials:
        assert len(trial.architecture) == 6
        assert {*trial.architecture} <= names


@pytest.mark.slow
def test_auto_evaluates_unsupported_jobs_with_torch() -> None:
    evaluate = JobEvaluator(device="cpu", engine="auto", threads=1)
    search = SearchSettings(variant="darts-second-order", batch_size=4, batches=2)
    assert evaluate.engine == "numba"
    assert evaluate(job_of("one-shot", search=search), quiet).engine == "torch"


def test_architectures_are_the_argmax_of_alpha() -> None:
    found = search_trials(
        batch_of_job(job_of()), Scripted([1, 2], [3, 4]), retrain=True, progress=quiet
    )
    assert found[0].architecture == ("noise", "learnable_gradient")
    assert found[1].architecture == ("learnable_gradient", "cnn")
    assert [(t.one_shot_psnr, t.architecture_psnr) for t in found] == [(1, 3), (2, 4)]


def test_discretizing_picks_the_first_of_equals() -> None:
    assert discretize(np.array([[[0.0, 2.0, 2.0], [1.0, 1.0, 1.0]]])).tolist() == [[1, 0]]


def test_a_non_finite_one_shot_score_names_its_trial() -> None:
    with pytest.raises(NonFiniteScore, match=r"one-shot PSNR, got nan in trial 1 \(seed 7\) of 2"):
        search_trials(
            batch_of_job(job_of()), Scripted([1, np.nan], [1, 1]), retrain=False, progress=quiet
        )


def test_each_value_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[int] = []

    def is_finite(values: NDArray[np.float64]) -> NDArray[np.bool_]:
        checked.append(values.size)
        return np.logical_not(np.isnan(values))

    monkeypatch.setattr("worker.evaluation.scores.np.isfinite", is_finite)
    batch = batch_of_job(job_of(seeds=tuple(range(40))))
    search_trials(batch, Instant(), retrain=True, progress=quiet)
    curves = 7 + 2 * batch.architecture.parts  # two of them have a value per part
    scores_and_curves = 2 + len(ALWAYS) + curves * batch.epochs
    assert sum(checked) <= 40 * scores_and_curves


def test_a_non_finite_architecture_score_names_its_trial() -> None:
    with pytest.raises(NonFiniteScore, match=r"architecture PSNR, got -inf in trial 0"):
        search_trials(
            batch_of_job(job_of()), Scripted([1, 1], [-np.inf, 1]), retrain=True, progress=quiet
        )


def test_an_infinite_psnr_is_an_exact_recovery() -> None:
    trials = search_trials(
        batch_of_job(job_of()), Scripted([np.inf, 1], [2, np.inf]), retrain=True, progress=quiet
    )
    assert [trial.one_shot_psnr for trial in trials] == [EXACT_PSNR, 1]
    assert [trial.architecture_psnr for trial in trials] == [2, EXACT_PSNR]


def test_no_other_score_reaches_an_exact_recovery() -> None:
    smallest, most_points = float(np.nextafter(np.float32(0), np.float32(1))), 512
    assert -10 * np.log10(smallest / most_points) < EXACT_PSNR


def test_the_curves_of_an_exact_recovery_are_finite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "exact.py").write_text(EXACT)
    monkeypatch.syspath_prepend(str(tmp_path))
    job = job_of(
        problem=ProblemSettings(name="exact:Exact", points=12),
        architecture=ArchitectureSettings(layers=1, channels=2, custom=("exact:Nothing",)),
        architectures=(("exact:Nothing",),) * 2,
    )
    for trial in run(job).trials:
        assert trial.architecture_psnr == EXACT_PSNR
        assert trial.curves[0].psnr == (EXACT_PSNR,) * 2
        assert trial.curves[0].train_loss == (0.0,) * 2


def test_a_non_finite_curve_is_an_error() -> None:
    with pytest.raises(NonFiniteScore, match=r"train loss of the search, got inf in trial 0"):
        search_trials(
            batch_of_job(job_of()),
            Scripted([1, 1], [1, 1], loss=np.inf),
            retrain=False,
            progress=quiet,
        )


def test_a_diverging_training_is_an_error() -> None:
    with pytest.raises(NonFiniteScore, match="its training diverged"):
        run(job_of(hyperparameters=Hyperparameters(param_lr=1e30)))


def test_given_architectures_are_trained_without_a_search() -> None:
    batch = batch_of(Hyperparameters(), Hyperparameters())
    phases = []
    trials = train_fixed(
        batch,
        same_everywhere(batch, "cnn"),
        Scripted([], [5, 6]),
        progress=lambda phase, done, of: phases.append(phase),
    )
    assert [trial.architecture for trial in trials] == [("cnn",) * 3] * 2
    assert [trial.architecture_psnr for trial in trials] == [5, 6]
    assert all(trial.one_shot_psnr is None for trial in trials)


def test_a_job_with_architectures_does_not_search() -> None:
    phases = set()
    job = job_of(architectures=(("cnn", "roll"), ("noise", "cnn")))
    outcome = run(job, lambda phase, done, of: phases.add(phase))
    outcome.check_against(job)
    assert phases == {"retrain"}
    assert all(trial.one_shot_psnr is None for trial in outcome.trials)


def test_each_trial_trains_its_given_architecture() -> None:
    outcome = run(job_of(architectures=(("cnn", "roll"), ("noise", "cnn"))))
    alone = run(job_of(seeds=(7,), architectures=(("noise", "cnn"),))).trials[0]
    assert alone.architecture_psnr == pytest.approx(outcome.trials[1].architecture_psnr, abs=1e-4)


def test_a_job_with_an_unknown_operation_is_refused() -> None:
    with pytest.raises(ValueError, match="expected operations among learnable_gradient"):
        run(job_of(architectures=(("cnn", "rol"), ("noise", "cnn"))))
