"""How small budgets rank configurations for the large one."""

from pathlib import Path

import pytest

from configspace.hyperparameters import Hyperparameters
from results.analysis.fidelity import rankings
from results.frames.study import load_from
from results.store.store import Store
from tests.results.made_up import id_of, run, study


def test_only_configurations_on_both_budgets_count_and_each_budget_has_its_correlation(
    tmp_path: Path,
) -> None:
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
        found = rankings(load_from(store, made.name))
    assert [(each.small, each.large, each.spearman.n) for each in found] == [
        (6, 50, 4),
        (17, 50, 4),
    ]
    assert [each.spearman.value for each in found] == pytest.approx([1.0, -1.0])
    assert [each.kendall.value for each in found] == pytest.approx([1.0, -1.0])


def test_a_study_of_one_budget_has_nothing_to_rank(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        made = study()
        store.begin(made, {})
        run(store, made, id_of(0), Hyperparameters())
        assert rankings(load_from(store, made.name)) == ()
