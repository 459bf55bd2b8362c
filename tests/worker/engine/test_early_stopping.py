"""The rule of early stopping, and its agreement with searches of its authors.

Two files are made from the logs that the authors of RobustDARTS publish (Zela et al., ICLR 2020;
automl/RobustDARTS, Apache License 2.0).

robustdarts_s1.csv has the dominant eigenvalues and the stops of the 33 searches in space S1 on
CIFAR-10 that have Hessians. They measured at the epochs 0, 2, …, 48, and their tracker found the
stops.

robustdarts_hessians.npz has six Hessians in single precision, as they were logged, and the dominant
eigenvalue of each: three of size 56 from a search in S1 on CIFAR-10 (without drop path, weight
decay 3e-4, seed 1; epochs 0, 10 and 48), and three of size 84 from S3 on SVHN: two from a search
with weight decay 3e-4 (epochs 0 and 48), and one from a collapsed search with weight decay 0.0729,
whose Hessian is only the 1e-3 of α's own decay. A Hessian is stored as its upper triangle, row by
row.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from worker.engine.early_stopping import (
    dominant_eigenvalue,
    eigenvalue_signals,
    stop_epoch,
)

SEARCHES = pd.read_csv(Path(__file__).parent / "robustdarts_s1.csv")
HESSIANS = np.load(Path(__file__).parent / "robustdarts_hessians.npz")
EPOCHS = list(range(0, 50, 2))


@pytest.mark.parametrize(("column", "factor"), [("stop_1.3", 1.3), ("stop_4/3", 4 / 3)])
def test_the_stops_of_the_authors(column: str, factor: float) -> None:
    for _, search in SEARCHES.iterrows():
        found = stop_epoch(
            EPOCHS,
            search[[f"epoch_{epoch}" for epoch in EPOCHS]].to_numpy(dtype=float),
            window=5,
            lag=4,
            start=10,
            factor=factor,
        )
        assert (np.nan if found is None else found) == pytest.approx(search[column], nan_ok=True)
    assert len(SEARCHES) == 33
    assert SEARCHES[column].isna().sum() > 0
    assert SEARCHES[column].nunique() > 3


def test_the_first_rise_counts() -> None:
    values = [1, 1, 1, 1, 1, 3, 3, 9, 9, 9]
    assert stop_epoch(range(10), values, window=1, lag=1, start=0, factor=2) == 4
    assert stop_epoch(range(10), values, window=1, lag=1, start=5, factor=2) == 6
    assert stop_epoch(range(10), values, window=1, lag=1, start=7, factor=2) is None


def test_a_rise_by_exactly_the_factor_is_none() -> None:
    assert stop_epoch(range(4), [1, 1, 2, 2], window=1, lag=1, start=0, factor=2) is None


def test_only_full_windows_count() -> None:
    values = [1.0] * 8 + [100.0]
    assert stop_epoch(range(9), values, window=5, lag=4, start=0, factor=2) == 2
    assert stop_epoch(range(8), values[1:], window=5, lag=4, start=0, factor=2) is None
    assert stop_epoch([], [], window=5, lag=4, start=0, factor=2) is None


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_nothing_follows_from_a_mean_that_is_not_positive(value: float) -> None:
    values = [value] * 4 + [5.0] * 4
    assert stop_epoch(range(8), values, window=1, lag=1, start=0, factor=2) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 4}, "expected an odd window of 1 or more measurements, got 4"),
        ({"window": -1}, "expected an odd window of 1 or more measurements, got -1"),
        ({"lag": 0}, "expected a lag of 1 or more measurements, got 0"),
    ],
)
def test_wrong_settings_are_a_clear_error(settings: dict[str, int], message: str) -> None:
    rule = {"window": 5, "lag": 4, **settings}
    with pytest.raises(ValueError, match=message):
        stop_epoch(range(9), [1.0] * 9, start=0, factor=2, **rule)


def test_each_measurement_has_an_epoch() -> None:
    with pytest.raises(ValueError, match="expected 9 eigenvalues, got shape"):
        stop_epoch(range(9), [1.0] * 8, window=5, lag=4, start=0, factor=2)


def test_the_dominant_eigenvalue_is_the_largest_not_the_largest_in_size() -> None:
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    matrix = rotation @ np.diag([-3.0, 0.5, 2.0, 1.0]) @ rotation.T
    assert dominant_eigenvalue(matrix) == pytest.approx(2.0)
    assert dominant_eigenvalue(matrix.astype(np.float32)) == pytest.approx(2.0, rel=1e-6)


def test_null_directions_of_edges_do_not_count() -> None:
    # -1 in all directions but the shifts of each edge, which have 0
    matrix = np.kron(np.eye(2), np.full((3, 3), 1 / 3) - np.eye(3))
    assert dominant_eigenvalue(matrix) == pytest.approx(0, abs=1e-15)
    assert dominant_eigenvalue(matrix, operations=3) == pytest.approx(-1)


def test_without_null_directions_a_positive_eigenvalue_stays() -> None:
    random = np.random.default_rng(2)
    centering = np.kron(np.eye(3), np.eye(4) - 1 / 4)
    factor = centering @ random.normal(size=(12, 2))
    matrix = factor @ factor.T
    expected = dominant_eigenvalue(matrix)
    assert dominant_eigenvalue(matrix, operations=4) == pytest.approx(expected)


def test_a_single_operation_has_no_eigenvalue() -> None:
    assert np.isnan(dominant_eigenvalue(np.zeros((2, 2)), operations=1))


@pytest.mark.parametrize(("space", "size"), [("s1", 56), ("s3", 84)])
def test_the_dominant_eigenvalues_of_the_authors(space: str, size: int) -> None:
    hessians = np.zeros((3, size, size), dtype=np.float32)
    upper = np.triu_indices(size)
    hessians[:, *upper] = HESSIANS[f"{space}_triangles"]
    hessians[:, *upper[::-1]] = HESSIANS[f"{space}_triangles"]
    found = [dominant_eigenvalue(hessian) for hessian in hessians]
    assert found == pytest.approx(HESSIANS[f"{space}_eigenvalues"], rel=1e-8)  # nine digits


def test_a_matrix_with_nan_has_no_eigenvalue() -> None:
    assert np.isnan(dominant_eigenvalue(np.array([[1.0, np.nan], [np.nan, 1.0]])))


def test_the_signals_of_eigenvalues() -> None:
    eigenvalues = np.full(14, np.nan)
    eigenvalues[::2] = [4, 2, 2, 3, 5, 9, 7]
    eigenvalues[13] = 6  # after the last epoch, between two measurements
    found = eigenvalue_signals(eigenvalues, every=2, window=3)
    assert found["eigenvalue"] == 6
    assert found["eigenvalue_max"] == 9
    assert found["eigenvalue_ratio"] == pytest.approx((21 / 3) / (7 / 3))


def test_few_measurements_have_no_ratio() -> None:
    found = eigenvalue_signals(np.array([1.0, 2.0, 3.0]), every=1, window=3)
    assert found == {"eigenvalue": 3.0, "eigenvalue_max": 3.0}
    assert eigenvalue_signals(np.full(3, np.nan), every=1, window=3) == {}


def test_a_last_value_that_is_missing_is_no_signal() -> None:
    assert eigenvalue_signals(np.array([1.0, 2.0, np.nan]), every=1, window=1) == {
        "eigenvalue_max": 2.0
    }


def test_a_missing_measurement_closes_no_gap() -> None:
    values = [1.0, np.nan, 1.0, 5.0, 5.0]
    assert stop_epoch(range(5), values, window=1, lag=2, start=0, factor=2) == 2
    assert (
        stop_epoch(range(5), [1, 1, np.nan, np.nan, 5], window=1, lag=2, start=0, factor=2) is None
    )
