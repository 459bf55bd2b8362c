"""How workers and threads share the cores."""

import pytest

from cli.cores import split


@pytest.mark.parametrize("cores", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("trials", [1, 3, 4, 8, 25, 75])
def test_workers_times_threads_never_exceed_the_cores(cores: int, trials: int) -> None:
    workers, threads = split(cores, trials)

    assert workers * threads <= cores


def test_one_worker_takes_both_cores_where_trials_divide_evenly() -> None:
    assert split(2, 8) == (1, 2)


def test_two_workers_of_one_thread_where_an_evaluation_has_one_trial() -> None:
    assert split(2, 1) == (2, 1)


def test_an_odd_number_of_trials_leaves_no_core_idle_in_the_last_round() -> None:
    assert split(2, 3) == (2, 1)


def test_64_cores_are_filled_by_eight_workers_of_eight_threads_for_eight_trials() -> None:
    assert split(64, 8) == (8, 8)


def test_what_was_asked_for_is_kept() -> None:
    assert split(2, 8, workers=3, threads=4) == (3, 4)
    assert split(8, 8, workers=2) == (2, 4)
    assert split(8, 8, threads=2) == (4, 2)
