"""The table of signals."""

from typing import get_args

import pytest

from configspace.signals import (
    ALWAYS,
    FINAL,
    KEPT_TOGETHER,
    SIGNALS,
    Objective,
    Request,
    requests_of,
    short_epochs,
    signal_of,
    training_epochs,
)


def test_every_signal_is_an_objective() -> None:
    assert sorted(get_args(Objective)) == sorted(
        signal.objective for signal in [*SIGNALS.values(), FINAL]
    )


def test_every_request_turns_a_signal_on() -> None:
    assert {signal.request for signal in SIGNALS.values()} == {None, *get_args(Request)}


@pytest.mark.parametrize("name", ["eigenvalue-max", "eigenvalue_max"])
def test_hyphens_and_underscores_name_one_signal(name: str) -> None:
    assert signal_of(name) is SIGNALS["eigenvalue_max"]


def test_psnrs_keep_their_columns() -> None:
    assert signal_of("one-shot").column == "one_shot_psnr"
    assert signal_of("final").column == "architecture_psnr"
    assert signal_of("second-final").column == "second_final"


def test_signals_on_request_are_not_always_recorded() -> None:
    on_request = {"short", "second_final", "eigenvalue", "eigenvalue_max", "eigenvalue_ratio"}
    assert {*KEPT_TOGETHER} - {*ALWAYS} == on_request


def test_an_objective_requests_what_it_needs() -> None:
    assert requests_of("final", ()) == ()
    assert requests_of("eigenvalue-max", ()) == ("eigenvalue",)
    assert requests_of("short", ("second-final", "short")) == ("short", "second-final")


def test_a_value_has_its_unit() -> None:
    assert signal_of("short").value_text(21.345) == "21.34 dB"
    assert signal_of("eigenvalue").value_text(0.123456) == "0.1235"
    assert signal_of("entropy").value_text(1.2) == "1.2 nats"


@pytest.mark.parametrize(
    ("epochs", "fraction", "expected"), [(50, 0.1, 5), (17, 0.1, 2), (1, 0.1, 1), (6, 1.0, 6)]
)
def test_a_short_retraining_has_an_epoch(epochs: int, fraction: float, expected: int) -> None:
    assert short_epochs(epochs, fraction) == expected


def test_only_some_signals_need_a_retraining() -> None:
    needed = {name: training_epochs(name, 50, 0.1) for name in ["final", *SIGNALS]}
    assert {name: epochs for name, epochs in needed.items() if epochs} == {
        "final": 50,
        "short": 5,
        "second_final": 50,
    }
