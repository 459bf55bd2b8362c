"""The phases of an evaluation."""

from configspace.phases import phases_of
from configspace.search import SearchSettings


def test_phases_come_in_their_order() -> None:
    phases = phases_of(SearchSettings(), "final", ("short", "second-final", "eigenvalue"), 50, 0.1)
    assert list(phases.items()) == [
        ("search", 50),
        ("retrain", 50),
        ("short", 5),
        ("second-final", 50),
    ]


def test_a_signal_may_need_no_retraining() -> None:
    assert phases_of(SearchSettings(), "inherited", (), 50, 0.1) == {"search": 50}


def test_a_given_architecture_has_no_search() -> None:
    assert phases_of(None, "final", (), 50, 0.1) == {"retrain": 50}


def test_all_searches_of_a_trial_are_its_search() -> None:
    search = SearchSettings(variant="best-of-four")
    assert phases_of(search, "final", (), 50, 0.1) == {"search": 220, "retrain": 50}
