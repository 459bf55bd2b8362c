"""Custom operations, which are PyTorch modules, on the torch engine."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from configspace.architecture import ArchitectureSettings
from configspace.custom import source_digest
from configspace.errors import ServiceError
from configspace.operations import operations
from configspace.search import SearchSettings
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from worker.engine.contract import Batch
from worker.engine.philox import Occasion
from worker.evaluation.choose import able_engine
from worker.evaluation.evaluate import search_trials, train_fixed
from worker.numba_engine.engine import NumbaEngine
from worker.torch_engine.custom_operations import custom_start
from worker.torch_engine.engine import TorchEngine
from worker.torch_engine.training import Search

EXAMPLES = Path(__file__).parents[3] / "examples"
GOOD = """
import torch

class Mine(torch.nn.Module):
    def __init__(self, matrix):
        super().__init__()
        self.line = torch.nn.Linear(matrix.shape[1], matrix.shape[1])

    def forward(self, u, start):
        return self.line(u)
"""


@pytest.fixture(autouse=True)
def clean_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove what a test imports from its folder."""
    monkeypatch.setattr("sys.path", [*sys.path])
    monkeypatch.chdir(EXAMPLES)
    yield
    for name in ("mine", "descent"):
        sys.modules.pop(name, None)


def with_custom(batch: Batch, name: str = "descent:Descent") -> Batch:
    settings = batch.architecture.model_copy(update={"custom": (name,)})
    return replace(batch, architecture=settings)


def quiet(*_: object) -> None:
    pass


def written(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Batch:
    monkeypatch.chdir(folder)
    (folder / "mine.py").write_text(source)
    return with_custom(batch_of(*HYPERPARAMETERS[:2], layers=2), "mine:Mine")


def test_it_joins_the_operation_set() -> None:
    batch = with_custom(batch_of(*HYPERPARAMETERS, operations="good"))
    names = operations(batch.architecture)
    assert names == ("learnable_gradient", "cnn", "descent:Descent")


def test_every_layer_has_an_alpha_for_it() -> None:
    batch = with_custom(batch_of(*HYPERPARAMETERS, operations="good"))
    searched = TorchEngine().search(batch, quiet)
    assert searched.alpha.shape == (4, 3, 3)
    assert np.isfinite(searched.psnr).all()


def test_its_architecture_is_plain_gradient_descent() -> None:
    # Without training, the step size of each layer stays 0.5.
    untrained = HYPERPARAMETERS[0].model_copy(update={"param_lr": 0.0})
    batch = with_custom(batch_of(untrained, layers=3, epochs=1))
    engine = TorchEngine(dtype=torch.float64)
    (trial,) = train_fixed(batch, [("descent:Descent",) * 3], engine, progress=quiet)
    assert trial.architecture == ("descent:Descent",) * 3

    search = Search.from_scratch(batch, torch.empty(0, dtype=torch.float64))
    A = torch.as_tensor(batch.problem.matrix)
    psnrs = []
    for sample in search.sampler.draw(Occasion.RETRAIN_SCORE, range(batch.search.batches)):
        u = sample.start
        for _ in range(3):
            u = u - 0.5 * (A.T @ A @ u - sample.start)
        errors = (sample.start + u - sample.signal).square().mean(1)
        psnrs.append(-10 * torch.log10(errors).mean())
    # To single precision, because the module receives A in float32.
    assert trial.architecture_psnr == pytest.approx(float(torch.stack(psnrs).mean()), rel=1e-6)


def test_its_weights_are_trained() -> None:
    batch = with_custom(batch_of(*HYPERPARAMETERS, layers=2))
    search = Search.from_scratch(batch, torch.empty(0))
    before = search.theta[:, -2:].clone()
    assert (before == 0.5).all()
    for step, samples in enumerate(search.sampler.draw(Occasion.SEARCH_TRAINING, range(2))):
        search.weight_step(step, samples)
    assert (search.theta[:, -2:] != before).all()


def test_a_trial_does_not_depend_on_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = written(GOOD, tmp_path, monkeypatch)
    alone = replace(both, hyperparameters=both.hyperparameters[1:], seeds=both.seeds[1:])
    engine = TorchEngine(dtype=torch.float64)
    first = search_trials(both, engine, retrain=True, progress=quiet)[1]
    second = search_trials(alone, engine, retrain=True, progress=quiet)[0]
    assert first.architecture == second.architecture
    assert first.one_shot_psnr == pytest.approx(second.one_shot_psnr, rel=1e-9)
    assert first.architecture_psnr == pytest.approx(second.architecture_psnr, rel=1e-9)


@pytest.fixture
def by_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Return initial weights for two occasions, trials and layers, ``(8, weight)``."""
    batch = written(GOOD, tmp_path, monkeypatch)
    drawn = [
        custom_start(batch, which) for which in (Occasion.SEARCH_START, Occasion.RETRAIN_START)
    ]
    return np.stack(drawn).reshape(2 * 2 * 2, 20 * 20 + 20)


def test_every_layer_trial_and_occasion_starts_differently(by_layer: np.ndarray) -> None:
    assert len(np.unique(by_layer[:, 0])) == 8


def test_the_constructor_initializes_the_weights(by_layer: np.ndarray) -> None:
    assert np.abs(by_layer).max() <= 1 / np.sqrt(20)  # the range of torch.nn.Linear


def test_initialization_keeps_the_global_random_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = written(GOOD, tmp_path, monkeypatch)
    state = torch.random.get_rng_state()
    custom_start(batch, Occasion.SEARCH_START)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_without_custom_operations_no_weights_are_added() -> None:
    assert custom_start(batch_of(), Occasion.SEARCH_START).shape == (1, 0)


def test_the_second_order_differentiates_it() -> None:
    batch = with_custom(batch_of(*HYPERPARAMETERS, layers=2, batches=1, epochs=1))
    second = replace(
        batch, search=batch.search.model_copy(update={"variant": "darts-second-order"})
    )
    engine = TorchEngine(dtype=torch.float64)
    first, unrolled = (engine.search(one, quiet).alpha for one in (batch, second))
    assert np.isfinite(unrolled).all()
    assert not np.array_equal(first, unrolled)


def test_auto_uses_torch_for_it() -> None:
    settings = ArchitectureSettings(custom=("descent:Descent",))
    assert able_engine(NumbaEngine(1), "auto", settings, SearchSettings()).name == "torch"


def test_numba_does_not_support_it() -> None:
    settings = ArchitectureSettings(custom=("descent:Descent",))
    with pytest.raises(ServiceError, match="does not support custom operations"):
        able_engine(NumbaEngine(1), "numba", settings, SearchSettings())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("torch.nn.Module)", "object)", r"expected a torch\.nn\.Module, got Mine"),
        ("matrix):", "matrix, more):", "cannot make the operation 'mine:Mine': TypeError"),
        ("self.line(u)", "self.line(u)[:1]", r"\(batch, n\) = \(2, 20\), got \(1"),
        ("self.line(u)", "self.lines(u)", "cannot be applied: AttributeError"),
        ("class Mine", "class Other", "cannot import 'mine:Mine': AttributeError"),
        ("class Mine", "exit(0)\n\nclass Mine", r"import 'mine:Mine': it called sys\.exit\(0\)"),
        ("self.line(u)", "exit()", r"applied: it called sys\.exit\(None\)"),
    ],
)
def test_a_faulty_operation_is_refused(
    old: str, new: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = written(GOOD.replace(old, new), tmp_path, monkeypatch)
    with pytest.raises(ServiceError, match=message):
        TorchEngine().search(batch, quiet)


def test_a_different_file_is_refused() -> None:
    batch = with_custom(batch_of())
    settings = batch.architecture.model_copy(update={"sources": ("0" * 64,)})
    assert source_digest("descent:Descent") != "0" * 64
    with pytest.raises(ServiceError, match=r"the file of 'descent:Descent' with .* 0000.*, got"):
        TorchEngine().search(replace(batch, architecture=settings), quiet)
