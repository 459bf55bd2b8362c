"""Decisions of DARTS-ES and DARTS-ADA on given eigenvalues."""

from dataclasses import replace

import numpy as np

from configspace.search import HessianSettings
from tests.worker.made_up import batch_of
from worker.engine.watch import Watch


def watch(variant: str, epochs: int) -> Watch:
    batch = batch_of(epochs=epochs)
    hessian = HessianSettings(every=2, window=1, lag=2, start=0, factor=2)
    search = batch.search.model_copy(update={"variant": variant, "hessian": hessian})
    return Watch(replace(batch, search=search, eigenvalues=True))


def test_measurements_are_regular_and_at_the_end() -> None:
    due = watch("darts", 8)
    assert [epoch for epoch in range(8) if due.is_due(epoch)] == [0, 2, 4, 6, 7]
    off = Watch(batch_of(epochs=8))
    assert not any(off.is_due(epoch) for epoch in range(8))


def test_es_keeps_the_earlier_epoch() -> None:
    es = watch("darts-es", 20)
    assert [es.record(epoch, value) for epoch, value in ((0, 1), (2, 2), (4, 2))] == [None] * 3
    assert es.record(6, 5) == 2
    assert (es.kept, es.ended, es.stopped) == (2, 7, True)


def test_ada_forgets_what_came_after() -> None:
    ada = watch("darts-ada", 20)
    for epoch, value in ((0, 1.0), (2, 2.0), (4, 2.0)):
        assert ada.record(epoch, value) is None
    assert ada.record(6, 5.0) == 2
    assert np.flatnonzero(~np.isnan(ada.eigenvalues)).tolist() == [0, 2]
    assert (ada.kept, ada.ended, ada.restarts) == (19, 20, 1)


def test_ada_restarts_at_most_twice() -> None:
    ada = watch("darts-ada", 20)
    decided = []
    for value in (1.0, 10.0, 100.0):
        for epoch in (0, 2, 4):
            decided.append(ada.record(epoch, value if epoch < 4 else 5 * value))
    assert [back for back in decided if back is not None] == [0, 0]


def test_darts_never_decides() -> None:
    plain = watch("darts", 20)
    assert [plain.record(epoch, 3.0**epoch) for epoch in range(0, 20, 2)] == [None] * 10


def test_a_measurement_that_is_not_finite_keeps_its_place() -> None:
    es = watch("darts-es", 20)
    values = ((0, 1.0), (2, 1.0), (4, np.nan), (6, np.nan), (8, 5.0))
    assert [es.record(epoch, value) for epoch, value in values] == [None] * 5
