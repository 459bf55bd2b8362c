"""Frames of a study, on every kind of store."""

import pandas as pd
import pytest

import results
from configspace.errors import StoreError
from configspace.hyperparameters import DOMAINS, Hyperparameters
from configspace.job import Failure
from configspace.signals import Objective, signal_of
from results.frames.study import TRIAL, load, typed, with_signals
from results.store.store import Store
from tests.results.made_up import filled, id_of, study

NAMES = ("configurations", "evaluations", "trials", "curves")


def test_the_package_loads_a_study(url: str) -> None:
    with Store.open(url) as store:
        made = filled(store)
    assert results.load(url, "blur-final").study == made


def test_each_observation_is_one_row(url: str) -> None:
    with Store.open(url) as store:
        filled(store, configurations=9, trials=3, reruns=10)
    frames = load(url, "blur-final")
    assert len(frames.configurations) == 9
    assert len(frames.evaluations) == 9 + 3 + 3
    assert len(frames.trials) == 12 * 3 + 10
    assert len(frames.curves) == len(frames.trials) * 2 * 2


def test_keys_are_unique(url: str) -> None:
    with Store.open(url) as store:
        filled(store, reruns=10)
    frames = load(url, "blur-final")
    evaluation = ["study", "configuration", "epochs", "purpose", "part"]
    assert not frames.configurations.duplicated(["study", "configuration"]).any()
    assert not frames.evaluations.duplicated(evaluation).any()
    assert not frames.trials.duplicated([*evaluation, "trial"]).any()
    assert not frames.curves.duplicated([*evaluation, "trial", "phase", "epoch"]).any()


def test_hyperparameters_are_typed_columns(url: str) -> None:
    with Store.open(url) as store:
        filled(store)
    for frame in (load(url, "blur-final").configurations, load(url, "blur-final").evaluations):
        assert list(frame.columns)[-8:] == list(DOMAINS)
        assert frame["param_lr"].dtype == "float64"
        assert frame["param_warm_up"].dtype == "bool"
        assert pd.api.types.is_string_dtype(frame["alpha_optimizer"])


def test_only_a_failure_has_a_reason(url: str) -> None:
    with Store.open(url) as store:
        filled(store)
        failed = Failure(id=id_of(9), kind="exception", message="None")
        store.submit("blur-final", failed.id, Hyperparameters(), model_based=True)
        store.fail(
            "blur-final", failed.id, state="crashed", failure=failed, message="None", worker="w1"
        )
    evaluations = load(url, "blur-final").evaluations
    crashed = evaluations["state"] == "crashed"
    for column, reason in (("failure", "exception"), ("message", "None")):
        assert evaluations.loc[crashed, column].tolist() == [reason]
        assert evaluations.loc[~crashed, column].isna().all()


@pytest.mark.parametrize(
    ("objective", "sign", "is_psnr"),
    [("one-shot", -1, True), ("short", -1, True), ("entropy", 1, False), ("flips", 1, False)],
)
def test_a_score_has_the_unit_of_the_objective(
    url: str, objective: Objective, sign: int, is_psnr: bool
) -> None:
    with Store.open(url) as store:
        filled(store, "tuned", objective)
    frames = load(url, "tuned")
    evaluations, column = frames.evaluations, signal_of(objective).column
    keys = ["configuration", "epochs"]
    means = frames.trials.groupby(keys)[column].mean()
    scores = evaluations.set_index(keys)["score"]
    assert scores.to_dict() == pytest.approx(means.to_dict())
    assert evaluations["loss"].tolist() == pytest.approx((sign * evaluations["score"]).tolist())
    assert evaluations["psnr"].notna().all() == is_psnr


def test_a_rerun_has_the_final_score(url: str) -> None:
    with Store.open(url) as store:
        filled(store, "tuned", "entropy", reruns=4)
    frames = load(url, "tuned")
    (rerun,) = frames.evaluations.query("purpose == 'rerun'").to_dict("records")
    finals = frames.trials.query("purpose == 'rerun'")["architecture_psnr"]
    assert rerun["score"] == rerun["psnr"] == pytest.approx(finals.mean())


def test_only_the_choice_among_searches_is_whole() -> None:
    trials = with_signals(pd.DataFrame({"signals": [None, {"chosen_search": 3.0, "flips": 1.0}]}))
    frame = typed(trials, {name: TRIAL[name] for name in ("chosen_search", "flips")})
    assert frame["chosen_search"].tolist() == [pd.NA, 3]
    assert frame["flips"].dtype == "float64"


def test_a_waiting_evaluation_has_no_worker_yet(url: str) -> None:
    with Store.open(url) as store:
        made = study()
        store.begin(made, {})
        store.submit(made.name, id_of(0), Hyperparameters(), model_based=False)
    text = ["worker", "device", "engine", "failure", "message"]
    assert load(url, made.name).evaluations[text].isna().all(axis=None)


@pytest.mark.parametrize("name", NAMES)
def test_empty_frames_have_the_same_types(url: str, name: str) -> None:
    with Store.open(url) as store:
        filled(store, "full")
        store.begin(study("empty"), {})
    full, empty = (getattr(load(url, which), name) for which in ("full", "empty"))
    assert len(empty) == 0
    pd.testing.assert_series_equal(full.dtypes, empty.dtypes)


@pytest.mark.parametrize("name", NAMES)
def test_only_one_study_is_loaded(url: str, name: str) -> None:
    with Store.open(url) as store:
        filled(store, "a", seed=1)
        before = getattr(load(url, "a"), name)
        filled(store, "b", seed=2)
    pd.testing.assert_frame_equal(getattr(load(url, "a"), name), before)


def test_in_curves_the_search_comes_first(url: str) -> None:
    with Store.open(url) as store:
        filled(store, trials=2)
    curves = load(url, "blur-final").curves
    first = curves.head(8)
    assert first["trial"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert first["phase"].tolist() == ["search", "search", "retrain", "retrain"] * 2
    assert first["epoch"].tolist() == [1, 2] * 4


def test_a_retraining_has_no_alpha_columns(url: str) -> None:
    with Store.open(url) as store:
        filled(store)
    curves = load(url, "blur-final").curves
    retraining = curves[curves["phase"] == "retrain"]
    assert retraining[["validation_loss", "entropy", "alpha_norm"]].isna().all(axis=None)
    assert retraining["train_loss"].notna().all()


def test_curves_may_be_left_out(url: str) -> None:
    with Store.open(url) as store:
        filled(store)
    frames = load(url, "blur-final", with_curves=False)
    assert len(frames.curves) == 0
    assert len(frames.trials) > 0


def test_times_are_utc(url: str) -> None:
    with Store.open(url) as store:
        filled(store)
    assert str(load(url, "blur-final").evaluations["finished"].dtype) == "datetime64[us, UTC]"


def test_a_study_must_exist(url: str) -> None:
    Store.open(url).close()
    with pytest.raises(StoreError, match=r"no study 'x' in .*; it has no study yet"):
        load(url, "x")
