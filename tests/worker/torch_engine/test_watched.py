"""Measurements of the Hessian that fail, on the torch engine."""

from dataclasses import replace

import numpy as np
import pytest

from configspace.search import HessianSettings
from tests.worker.made_up import batch_of
from worker.torch_engine.engine import TorchEngine


def fails(*_: object) -> None:
    raise NotImplementedError("no second derivative")


def quiet(done: int, of: int) -> None:
    pass


def test_a_search_goes_without_eigenvalues(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    batch = batch_of(epochs=2)
    plain = TorchEngine().search(batch, quiet)
    monkeypatch.setattr("worker.torch_engine.watched.alpha_hessian", fails)
    found = TorchEngine().search(replace(batch, eigenvalues=True), quiet)
    assert found.eigenvalues is not None
    assert np.isnan(found.eigenvalues).all()
    assert found.psnr.tolist() == plain.psnr.tolist()
    assert "no second derivative" in caplog.text


def test_a_method_that_decides_by_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = batch_of(epochs=2)
    eager = HessianSettings(every=1, window=1, lag=1, start=0)
    search = batch.search.model_copy(update={"variant": "darts-es", "hessian": eager})
    monkeypatch.setattr("worker.torch_engine.watched.alpha_hessian", fails)
    with pytest.raises(NotImplementedError):
        TorchEngine().search(replace(batch, search=search), quiet)
