"""A user's own problem, on every engine."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from configspace.errors import ServiceError
from configspace.study import ProblemSettings
from tests.worker.made_up import HYPERPARAMETERS, batch_of
from worker.engine.contract import Engine
from worker.engine.philox import KeyedGenerator, Occasion
from worker.engine.problem import Problem, problem_of
from worker.numba_engine.engine import NumbaEngine
from worker.torch_engine.engine import TorchEngine

EXAMPLES = Path(__file__).parents[3] / "examples"
SEEDS = np.array([3, 4], dtype=np.int64)

GOOD = """
import numpy as np

class Mine:
    def __init__(self, settings):
        self.matrix, self.noise = np.eye(4), 0.1

    def signals(self, generator):
        return generator.normal(4)
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forget what a test imports from its folder."""
    monkeypatch.setattr("sys.path", [*sys.path])
    yield
    for name in ("mine", "steps"):
        sys.modules.pop(name, None)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Problem:
    monkeypatch.chdir(EXAMPLES)
    return problem_of(ProblemSettings(name="steps:Steps", points=20).identified())


def made_of(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Problem:
    monkeypatch.chdir(folder)
    (folder / "mine.py").write_text(source)
    return problem_of(ProblemSettings(name="mine:Mine"))


def test_the_example_is_under_sixty_lines_and_gives_what_it_says(steps: Problem) -> None:
    assert len((EXAMPLES / "steps.py").read_text().splitlines()) < 60
    generator = KeyedGenerator(SEEDS, Occasion.SEARCH_TRAINING, range(3), 200)
    drawn = steps.signals(generator)
    assert drawn.shape == (2, 3, 20, 200)
    assert ((np.diff(drawn, axis=2) != 0).sum(axis=2) <= 1).all()  # at most one jump
    x = np.arange(20.0)
    np.testing.assert_allclose(steps.matrix @ x, np.arange(2.0, 18.0, 2))


@pytest.mark.parametrize("operations", ["good", "all"])
def test_the_engines_agree_on_it(steps: Problem, operations: str) -> None:
    batch = replace(
        batch_of(*HYPERPARAMETERS, operations=operations, layers=2, batches=1, epochs=5),
        problem=steps,
    )
    reference: Engine = TorchEngine(dtype=torch.float64)
    theirs = reference.search(batch, lambda *_: None)
    for engine in (NumbaEngine(1), TorchEngine()):
        ours = engine.search(batch, lambda *_: None)
        np.testing.assert_allclose(ours.train_loss, theirs.train_loss, rtol=1e-3)
        np.testing.assert_allclose(ours.psnr, theirs.psnr, atol=1e-2)


def test_a_module_that_works_makes_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert made_of(GOOD, tmp_path, monkeypatch).matrix.shape == (4, 4)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("signals", "draw", "wanted an attribute 'signals', got none"),
        ("np.eye(4)", "np.eye(4, dtype=int)", "a NumPy array of float64 .*, got int64 of shape"),
        ("np.eye(4)", "[[1.0]]", "a NumPy array of float64 of shape .*, got list"),
        ("np.eye(4)", "np.full((4, 4), np.nan)", "wanted a matrix of finite numbers"),
        ("0.1", "-1.0", "wanted a noise of 0 or more, got -1.0"),
        ("normal(4)", "normal(3)", r"of shape \(trial, step, n, batch\) = \(2, 3, 4, 5\), got"),
        ("normal(4)", "normal(4) / 0", "wanted signals that are finite"),
        ("normal(4)", "normals(4)", "wanted signals to be drawn, got AttributeError"),
        (
            "generator.normal(4)",
            "generator.normal(4) + np.random.default_rng().normal()",
            "others from equal seeds",
        ),
        (
            "generator.normal(4)",
            "(lambda drawn: drawn - drawn.mean())(generator.normal(4))",
            "others from equal seeds",
        ),
        ("import numpy as np", "import numpie as np", "ModuleNotFoundError: No module"),
        ("class Mine", "class Thine", "AttributeError: module 'mine' has no attribute 'Mine'"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_what_is_no_problem_is_told_in_one_line(
    old: str, new: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ServiceError, match=complaint):
        made_of(GOOD.replace(old, new), tmp_path, monkeypatch)


def test_another_file_than_the_studys_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_of(GOOD, tmp_path, monkeypatch)
    other = hashlib.sha256(b"another").hexdigest()
    with pytest.raises(ServiceError, match=f"cannot work on this study: .*, not {other}"):
        problem_of(ProblemSettings(name="mine:Mine", source=other))
