"""Rank correlations between small budgets and the largest."""

from pathlib import Path

import pytest

from configspace.hyperparameters import Hyperparameters
from results.analysis.fidelity import Ranking, rankings
from results.frames.study import load_from
from results.store.store import Store
from tests.results.made_up import id_of, run, study


@pytest.fixture
def found(tmp_path: Path) -> tuple[Ranking, ...]:
    """Return the rankings of a study whose budget of 6 epochs agrees, while that of 17 does not."""
    scores = {
        6: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        17: [6.0, 5.0, 4.0, 3.0, 2.0],
        50: [10.0, 11.0, 12.0, 13.0],
    }
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        made = study()
        store.begin(made, {})
        for epochs, psnrs in scores.items():
            for number, psnr in enumerate(psnrs):
                values = Hyperparameters(param_lr=1e-3 * (number + 1))
                run(store, made, id_of(number, epochs), values, [(0.0, psnr)])
        return rankings(load_from(store, made.name))


def test_only_configurations_with_both_budgets_count(found: tuple[Ranking, ...]) -> None:
    assert [(each.small, each.large, each.spearman.n) for each in found] == [
        (6, 50, 4),
        (17, 50, 4),
    ]


def test_each_budget_has_its_correlation(found: tuple[Ranking, ...]) -> None:
    assert [each.spearman.value for each in found] == pytest.approx([1.0, -1.0])
    assert [each.kendall.value for each in found] == pytest.approx([1.0, -1.0])


def test_one_budget_has_no_ranking(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        made = study()
        store.begin(made, {})
        run(store, made, id_of(0), Hyperparameters())
        assert rankings(load_from(store, made.name)) == ()
