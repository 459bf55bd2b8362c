"""Brackets of successive halving agree with hpbandster's, except for its truncated rungs."""

from typing import Any

import numpy as np
import pytest
from hpbandster.optimizers.bohb import BOHB

from configspace.bohb import BohbSettings
from configspace.hyperparameters import DOMAINS
from configspace.rungs import rungs
from configspace.space import configuration_space
from master.bohb.brackets import Brackets, Run
from master.bohb.sampler import Sampler


def brackets(
    budgets: tuple[int, ...] = (1, 3, 9), *, eta: int = 3, iterations: int = 1
) -> Brackets:
    sampler = Sampler(configuration_space(DOMAINS), BohbSettings(), seed=0)
    return Brackets(budgets, eta=eta, iterations=iterations, sampler=sampler)


def run_all(brackets: Brackets, lost: tuple[int, ...] = ()) -> list[Run]:
    """Return all runs, run one at a time; the loss is the index of the configuration."""
    runs: list[Run] = []
    while (run := brackets.next_run()) is not None:
        if len(runs) in lost:
            brackets.drop(run.configuration, run.epochs)
        else:
            brackets.report(run.configuration, run.epochs, float(run.configuration[2]))
        runs.append(run)
    assert brackets.is_done()
    return runs


def test_budgets_1_to_243_give_six_rungs() -> None:
    first = run_all(brackets(rungs(1, 243, 3), eta=3))
    assert sorted({run.epochs for run in first}) == [1, 3, 9, 27, 81, 243]


def test_a_bracket_halves_successively() -> None:
    runs = run_all(brackets())
    assert [run.epochs for run in runs] == [1] * 9 + [3] * 3 + [9]
    assert {run.configuration[2] for run in runs if run.epochs == 3} == {0, 1, 2}
    assert runs[-1].configuration == (0, 0, 0)


@pytest.mark.parametrize("iteration", range(8))
@pytest.mark.parametrize("eta", [2, 3, 4, 5])
def test_rung_sizes_agree_with_hpbandster(eta: int, iteration: int) -> None:
    stock = BOHB.__new__(BOHB)
    stock.eta, stock.max_SH_iter, stock.budgets = eta, 4, np.array([1, eta, eta**2, eta**3])
    stock.config_generator = Sampler(configuration_space(DOMAINS), BohbSettings(), seed=0)
    expected = stock.get_next_iteration(iteration)
    ours = brackets((1, eta, eta**2, eta**3), eta=eta).sizes(iteration)
    assert ours == list(zip(expected.budgets, expected.num_configs, strict=True))


@pytest.mark.parametrize("iterations", [1, 2, 3, 4, 7, 12])
def test_the_epochs_are_those_of_all_iterations(iterations: int) -> None:
    some = brackets(iterations=iterations)
    each = [sum(a * b for a, b in some.sizes(number)) for number in range(iterations)]
    assert some.cost(int) == sum(each)


def test_brackets_are_built_when_they_start(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []
    build = Brackets.get_next_iteration

    def counted(self: Brackets, iteration: int) -> Any:
        built.append(iteration)
        return build(self, iteration)

    monkeypatch.setattr(Brackets, "get_next_iteration", counted)
    endless = brackets(iterations=1_000_000_000)
    assert endless.cost(int) > 1_000_000_000
    assert len(built) == 3  # one cycle of rungs
    for _ in range(10):
        endless.next_run()
    assert built[3:] == [0, 1]


def test_each_rung_is_eta_times_smaller() -> None:
    assert brackets((1, 7, 49, 343), eta=7).sizes(0) == [(1, 343), (7, 49), (49, 7), (343, 1)]


def test_epochs_are_built_in_integers() -> None:
    assert {type(run.epochs) for run in run_all(brackets())} == {int}


def test_a_fresh_configuration_replaces_a_lost_one() -> None:
    # All but one are lost on the first rung: the second has three slots for one configuration.
    runs = run_all(brackets(), lost=tuple(range(1, 9)))
    assert [run.configuration for run in runs if run.epochs == 3] == [
        (0, 0, 0),
        (0, 1, 1),
        (0, 1, 2),
    ]
    assert [run.is_new for run in runs if run.epochs == 3] == [False, True, True]


def test_dropped_configurations_do_not_change_the_model() -> None:
    dropping, crashing = brackets(iterations=3), brackets(iterations=3)
    for each in (dropping, crashing):
        for _ in range(9):
            run = each.next_run()
            assert run is not None
            if each is dropping:
                each.drop(run.configuration, run.epochs)
            else:
                each.report(run.configuration, run.epochs, None)
    assert dropping.config_generator._observations == {}
    assert [loss for (loss, _), _ in crashing.config_generator._observations[1].new] == [np.inf] * 9


def test_the_next_iteration_starts_early() -> None:
    open_ended = brackets(iterations=2)
    runs = [open_ended.next_run() for _ in range(12)]
    assert [run.configuration[0] for run in runs if run] == [0] * 9 + [1] * 3
    assert open_ended.next_run() is None
    assert not open_ended.is_done()
    assert open_ended.finished == 0
