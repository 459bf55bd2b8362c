"""Incumbents, their re-runs, and the paper's Table 7."""

from dataclasses import replace

import pytest

from configspace.errors import StoreError
from configspace.hyperparameters import LABELS, Hyperparameters, Levels
from configspace.job import single_part
from configspace.study import Study
from results.analysis.incumbent import (
    crashed_reruns,
    effort,
    incumbent,
    incumbent_of,
    incumbents_table,
    reruns_of,
    reruns_of_incumbent,
    search_range,
)
from results.frames.study import load_from
from results.store.store import Store
from tests.results.made_up import filled, id_of, run, study


def test_the_incumbent_is_best_on_the_largest_budget(store: Store) -> None:
    made = study()
    store.begin(made, {})
    for number, epochs, psnr in ((0, 50, 20.0), (1, 50, 22.0), (2, 50, 21.0), (3, 17, 30.0)):
        run(store, made, id_of(number, epochs), psnrs=[(0.0, psnr)], model_based=number == 1)
    best = incumbent_of(load_from(store, made.name))
    assert (best.configuration, best.epochs, best.score) == ((0, 0, 1), 50, 22.0)
    assert best.model_based


def test_of_a_low_signal_the_lowest_is_best(store: Store) -> None:
    made = study(objective="eigenvalue-max")
    store.begin(made, {})
    for number, one_shot in enumerate((20.0, 22.0, 21.0)):
        run(store, made, id_of(number), psnrs=[(one_shot, None)])
    best = incumbent_of(load_from(store, made.name))
    assert (best.configuration, best.score) == ((0, 0, 1), 1 / 23)
    assert best.loss == best.score


def test_re_runs_do_not_make_an_incumbent(store: Store) -> None:
    made = study()
    store.begin(made, {})
    run(store, made, id_of(0, 50), psnrs=[(0.0, 20.0)])
    run(store, made, id_of(1, 17), psnrs=[(0.0, 10.0)])
    run(store, made, id_of(1, 50, "rerun"), psnrs=[(0.0, 40.0)])
    assert incumbent_of(load_from(store, made.name)).configuration == (0, 0, 0)


def test_among_equal_losses_the_first_counts(store: Store) -> None:
    made = study()
    store.begin(made, {})
    for number in (2, 1):
        run(store, made, id_of(number), psnrs=[(0.0, 20.0)])
    assert incumbent_of(load_from(store, made.name)).configuration == (0, 0, 2)


def test_an_unfinished_study_has_no_incumbent(store: Store) -> None:
    store.begin(study(), {})
    store.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    frames = load_from(store, "blur-final")
    assert incumbent(frames) is None
    with pytest.raises(StoreError, match="study 'blur-final' has no incumbent") as told:
        incumbent_of(frames)
    assert told.value.advice == "see 'dartboard status blur-final'"


def test_hyperparameters_of_an_incumbent_are_built_in(store: Store) -> None:
    filled(store)
    values = incumbent_of(load_from(store, "blur-final")).hyperparameters.model_dump().values()
    assert {type(value) for value in values} == {float, bool, str}


def test_effort_counts_configurations_and_evaluations(store: Store) -> None:
    filled(store, configurations=9, reruns=8)
    store.submit("blur-final", id_of(50), Hyperparameters(), model_based=False)
    store.fail("blur-final", id_of(50), state="lost", failure=None, message="gone", worker="w")
    done = effort(load_from(store, "blur-final"))
    assert (done.configurations, done.model_based) == (10, 5)
    assert (done.finished, done.crashed, done.lost) == (12, 0, 1)


def test_the_table_has_the_rows_of_table_7(store: Store) -> None:
    for name in ("a", "b"):
        filled(store, name)
    table = incumbents_table([incumbent_of(load_from(store, name)) for name in ("a", "b")])
    assert table["Hyperparameter"].tolist() == list(LABELS.values())
    assert list(table.columns) == ["Hyperparameter", "Search range", "a", "b"]


def test_the_table_has_the_papers_search_ranges(store: Store) -> None:
    filled(store)
    table = incumbents_table([incumbent_of(load_from(store, "blur-final"))])
    assert table["Search range"].tolist() == [
        "[1e-05, 1]",
        "[1e-08, 0.1]",
        "[True, False]",
        "[1e-05, 0.1]",
        "[1e-05, 0.1]",
        "[True, False]",
        "[None, Linear]",
        "[Adam, Gradient Descent]",
    ]


def test_different_search_ranges_are_separate_columns(store: Store) -> None:
    filled(store, "a")
    filled(store, "b", hyperparameters={"alpha_lr": [1e-4, 1e-2], "alpha_scheduler": "linear"})
    table = incumbents_table([incumbent_of(load_from(store, name)) for name in ("a", "b")])
    assert table["Search range of a"][3] == "[1e-05, 0.1]"
    assert table["Search range of b"][3] == "[0.0001, 0.01]"
    assert table["Search range of b"][6] == "Linear"


def test_a_fixed_value_is_its_range() -> None:
    assert search_range(Levels((0.0014232405,))) == "0.00142324"


def test_re_runs_are_ordered_by_their_seeds(store: Store) -> None:
    made = filled(store, reruns=6)
    reruns = reruns_of_incumbent(load_from(store, made.name))
    assert reruns[["part", "trial"]].to_numpy().tolist() == [[0, n] for n in range(4)] + [
        [1, 0],
        [1, 1],
    ]
    assert set(reruns["purpose"]) == {"rerun"}


def test_re_runs_of_other_configurations_are_left_out(store: Store) -> None:
    made = filled(store, reruns=4)
    frames = load_from(store, made.name)
    other = replace(incumbent_of(frames), configuration=(0, 0, 0))
    assert reruns_of(frames, other).empty


def fail_rerun(store: Store, made: Study, part: int, seeds: int) -> None:
    id = id_of(6, 50, "rerun", part)
    store.submit(made.name, id, Hyperparameters(param_lr=7e-3), model_based=False, seeds=seeds)
    store.fail(made.name, id, state="crashed", failure=None, message="why", worker="w")


def test_each_crashed_seed_counts_once(store: Store) -> None:
    made = filled(store, reruns=4)

    def counted() -> int:
        frames = load_from(store, made.name)
        return crashed_reruns(frames, incumbent_of(frames))

    assert counted() == 0
    fail_rerun(store, made, 1, seeds=4)
    assert counted() == 4
    fail_rerun(store, made, single_part(1, 0), seeds=1)
    run(store, made, id_of(6, 50, "rerun", single_part(1, 1)), Hyperparameters(param_lr=7e-3))
    assert counted() == 3
    for index in (2, 3):
        run(
            store,
            made,
            id_of(6, 50, "rerun", single_part(1, index)),
            Hyperparameters(param_lr=7e-3),
        )
    assert counted() == 1
    fail_rerun(store, made, 2, seeds=1)
    assert counted() == 2
