"""Custom problems, on every engine."""

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
def clean_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove what a test imports from its folder."""
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


def test_the_example_is_short() -> None:
    assert len((EXAMPLES / "steps.py").read_text().splitlines()) < 60


def test_the_examples_signals_jump_at_most_once(steps: Problem) -> None:
    generator = KeyedGenerator(SEEDS, Occasion.SEARCH_TRAINING, range(3), 200)
    drawn = steps.signals(generator)
    assert drawn.shape == (2, 3, 20, 200)
    assert ((np.diff(drawn, axis=2) != 0).sum(axis=2) <= 1).all()


def test_the_examples_matrix_averages_five_samples(steps: Problem) -> None:
    x = np.arange(20.0)
    np.testing.assert_allclose(steps.matrix @ x, np.arange(2.0, 18.0, 2))


@pytest.mark.slow
@pytest.mark.parametrize("operations", ["good", "all"])
def test_the_engines_agree_on_it(steps: Problem, operations: str) -> None:
    batch = replace(
        batch_of(*HYPERPARAMETERS, operations=operations, layers=2, batches=1, epochs=5),
        problem=steps,
    )
    reference: Engine = TorchEngine(dtype=torch.float64)
    expected = reference.search(batch, lambda *_: None)
    for engine in (NumbaEngine(1), TorchEngine()):
        found = engine.search(batch, lambda *_: None)
        np.testing.assert_allclose(found.train_loss, expected.train_loss, rtol=1e-3)
        np.testing.assert_allclose(found.psnr, expected.psnr, atol=1e-2)


def test_a_working_class_makes_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert made_of(GOOD, tmp_path, monkeypatch).matrix.shape == (4, 4)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("signals", "draw", "expected an attribute 'signals', got none; define"),
        ("np.eye(4)", "np.eye(4, dtype=int)", "a NumPy array of float64 .*, got int64 of shape"),
        ("np.eye(4)", "[[1.0]]", "a NumPy array of float64 of shape .*, got list"),
        ("np.eye(4)", "np.full((4, 4), np.nan)", "expected a matrix of finite numbers"),
        ("0.1", "-1.0", "expected a noise of 0 or more, got -1.0"),
        ("normal(4)", "normal(3)", r"of shape \(trial, step, n, batch\) = \(2, 3, 4, 5\), got"),
        ("normal(4)", "normal(4) / 0", "expected finite signals, got"),
        ("normal(4)", "normals(4)", r"'mine:Mine': signals\(\) failed: AttributeError"),
        ("0.1", "'0.1'", "expected a number as the noise, got '0.1'"),
        ("0.1", "[0.1] * 4", r"expected a number as the noise, got \[0.1, 0.1, 0.1, 0.1\]"),
        (
            "generator.normal(4)",
            "generator.normal(4) + np.random.default_rng().normal()",
            "different signals from equal seeds; draw all",
        ),
        (
            "generator.normal(4)",
            "(lambda drawn: drawn - drawn.mean())(generator.normal(4))",
            "different signals from equal seeds; draw all",
        ),
        ("import numpy as np", "import missing_numpy as np", "ModuleNotFoundError: No module"),
        ("class Mine", "class Other", "AttributeError: module 'mine' has no attribute 'Mine'"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_a_faulty_problem_is_refused(
    old: str, new: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ServiceError, match=message):
        made_of(GOOD.replace(old, new), tmp_path, monkeypatch)


FAULTS = {
    "import numpy": "raise_()\nimport numpy",
    "self.matrix": "raise_()\n        self.matrix",
    "def signals": "noise = property(lambda self: raise_())\n\n    def signals",
    "return generator": "raise_()\n        return generator",
}
"""Places of a class where anything may be raised."""
RAISED = {
    "sys.exit(0)": r"it called sys\.exit\(0\)",
    "sys.exit('bye')": r"it called sys\.exit\('bye'\)",
    "raise Mute": "Mute",
    "raise AttributeError('no x')": "AttributeError: no x",
}


@pytest.mark.parametrize("place", FAULTS)
@pytest.mark.parametrize("raised", RAISED)
def test_anything_raised_is_an_error(
    place: str, raised: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = (
        "import sys\n\nclass Mute(Exception):\n    def __str__(self):\n        return 1 / 0\n\n"
        f"def raise_():\n    {raised}\n"
    )
    source = GOOD.replace("self.matrix, self.noise = np.eye(4), 0.1", "self.matrix = np.eye(4)")
    source = source.replace("    def __init__", "    noise = 0.1\n\n    def __init__")
    with pytest.raises(ServiceError, match=f"mine:Mine'.*: {RAISED[raised]}$"):
        made_of(fault + source.replace(place, FAULTS[place]), tmp_path, monkeypatch)


def test_a_different_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_of(GOOD, tmp_path, monkeypatch)
    other = hashlib.sha256(b"another").hexdigest()
    with pytest.raises(ServiceError, match=f"cannot work on this study: .* SHA-256 {other}, got"):
        problem_of(ProblemSettings(name="mine:Mine", source=other))
