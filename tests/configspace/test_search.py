"""The search: settings of the variants, and what a search costs."""

from typing import Any

import pytest

from configspace.search import HessianSettings, SearchSettings


@pytest.mark.parametrize(
    ("variant", "epochs"),
    [
        ("darts", 50),
        ("darts-second-order", 50),
        ("darts-single", 3 * 50),
        ("rs-ws", 50 + 179),  # (1000 · 10 + 10 · 19) / (3 · 19) epochs for the scores
        ("best-of-four", 4 * (50 + 5)),
        ("r-darts-l2", 4 * (50 + 5)),
        ("r-darts-dp", 4 * (50 + 5)),
    ],
)
def test_a_search_costs_all_that_it_trains(variant: Any, epochs: int) -> None:
    assert SearchSettings(variant=variant).search_epochs(50, short_fraction=0.1) == epochs


def test_a_search_per_strength() -> None:
    weaker = {"weight_decays": (1e-6, 1e-5), "drop_paths": (0.5,)}
    searches = {
        variant: SearchSettings.model_validate({"variant": variant, **weaker}).searches
        for variant in ("best-of-four", "r-darts-l2", "r-darts-dp", "darts")
    }
    assert searches == {"best-of-four": 4, "r-darts-l2": 2, "r-darts-dp": 1, "darts": 1}


@pytest.mark.parametrize(
    "change", [{"weight_decays": ()}, {"weight_decays": (-1e-3,)}, {"drop_paths": (0.2, 1.0)}]
)
def test_impossible_strengths_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"weight_decays|drop_paths"):
        SearchSettings.model_validate(change)


def test_the_hessian_is_measured_regularly_and_last() -> None:
    assert HessianSettings().measured(7) == (0, 2, 4, 6)
    assert HessianSettings(every=3).measured(6) == (0, 3, 5)


def test_the_rule_needs_enough_epochs() -> None:
    # The epoch that is kept is the first from 0.2 of the epochs on with two measurements before it
    # and six after it.
    able = [epochs for epochs in range(1, 51) if HessianSettings().can_stop(epochs)]
    assert able == list(range(17, 51))


@pytest.mark.parametrize(
    ("key", "value"), [("window", 4), ("factor", 1.0), ("start", 1.0), ("every", 0)]
)
def test_a_rule_has_sensible_numbers(key: str, value: float) -> None:
    with pytest.raises(ValueError, match=key):
        HessianSettings.model_validate({key: value})
