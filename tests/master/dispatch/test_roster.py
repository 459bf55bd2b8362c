"""The roster: the workers that a master knows."""

from typing import Any

import pytest

from configspace.errors import WireError
from configspace.protocol import EvaluationProgress, WorkerInfo
from master.dispatch.roster import REMEMBERED_PERIODS, Roster, check_versions


def info(name: str = "w", instance: str = "1", **other: Any) -> WorkerInfo:
    return WorkerInfo(
        name=name,
        instance=instance,
        pid=1,
        host="h",
        device="cpu",
        engine="e",
        versions={},
        **other,
    )


def test_a_second_worker_of_a_name_gets_a_number() -> None:
    roster = Roster(10)
    names = [roster.join(info(instance=instance), 0.0) for instance in "123"]
    assert names == ["w", "w~2", "w~3"]


def test_a_worker_that_joins_again_keeps_its_name() -> None:
    roster = Roster(10)
    roster.join(info(), 0.0)
    assert roster.join(info(), 5.0) == "w"
    assert len(roster) == 1


def test_a_silent_worker_is_removed() -> None:
    roster = Roster(10)
    for name in "ab":
        roster.join(info(name), 0.0)
    roster.see("b", 5.0)
    assert [member.name for member in roster.silent(10.0)] == ["a"]
    assert [member.name for member in roster] == ["b"]


def test_a_silent_worker_that_calls_is_back() -> None:
    roster = Roster(10)
    roster.join(info(), 0.0)
    roster.silent(10.0)
    assert "w" not in roster
    assert roster.see("w", 12.0)
    assert "w" in roster
    assert not roster.see("w", 13.0)


def test_a_silent_worker_may_lose_its_name() -> None:
    roster = Roster(10)
    roster.join(info(instance="1"), 0.0)
    roster.silent(10.0)
    roster.join(info(instance="2"), 11.0)
    assert not roster.see("w", 12.0)
    assert [member.info.instance for member in roster] == ["2"]


def test_a_worker_that_stays_silent_is_forgotten() -> None:
    roster = Roster(10)
    roster.join(info(), 0.0)
    roster.silent(10.0)
    roster.silent(10.0 * (REMEMBERED_PERIODS + 1))
    assert not roster.see("w", 300.0)


def test_a_stranger_that_calls_is_not_a_member() -> None:
    roster = Roster(10)
    roster.see("stranger", 1.0)
    assert "stranger" not in roster


def test_workers_of_one_machine_and_device_are_counted() -> None:
    roster = Roster(30.0)
    for name, machine, device in (
        ("a", "desk", "cpu"),
        ("b", "desk", "cpu"),
        ("c", "desk", "cuda:0"),
        ("d", "box", "cpu"),
        ("e", "", "cpu"),
        ("f", "", "cpu"),
    ):
        roster.join(info(name, machine=machine).model_copy(update={"device": device}), 0.0)
    assert [roster.sharing(name) for name in "abcdef"] == [2, 2, 1, 1, 1, 1]


def test_a_worker_leaves_once() -> None:
    roster = Roster(10)
    roster.join(info(), 0.0)
    assert roster.leave("w")
    assert not roster.leave("w")


MASTER_VERSIONS = {
    "python": "3.11.7",
    "dartboard": "0.1.0",
    "numpy": "2.4.6",
    "torch": "2.13.0",
    "numba": "0.68",
}


@pytest.mark.parametrize(
    ("engine", "versions"),
    [
        ("torch", MASTER_VERSIONS),
        ("torch", MASTER_VERSIONS | {"python": "3.12.1", "numba": "0.61"}),
        ("numba", MASTER_VERSIONS | {"torch": "2.9.0"}),
        ("torch", MASTER_VERSIONS | {"torch": "2.13.0+cu126"}),
        ("of my own", MASTER_VERSIONS),
    ],
)
def test_a_worker_of_the_same_versions_may_join(engine: str, versions: dict[str, str]) -> None:
    check_versions(
        info().model_copy(update={"engine": engine, "versions": versions}), MASTER_VERSIONS
    )


@pytest.mark.parametrize(
    ("engine", "versions", "advice"),
    [
        ("torch", MASTER_VERSIONS | {"dartboard": "0.2.0"}, "install dartboard==0.1.0 on h"),
        ("numba", MASTER_VERSIONS | {"numpy": "2.3"}, "install numpy==2.4.6 on h"),
        ("torch", MASTER_VERSIONS | {"torch": "2.9.0"}, "install torch==2.13.0 on h"),
        ("numba", {}, "install dartboard==0.1.0 numpy==2.4.6 numba==0.68 on h"),
    ],
)
def test_a_worker_of_other_versions_gets_advice(
    engine: str, versions: dict[str, str], advice: str
) -> None:
    worker = info().model_copy(update={"engine": engine, "versions": versions})
    with pytest.raises(WireError) as caught:
        check_versions(worker, MASTER_VERSIONS)
    assert caught.value.advice == advice


def test_both_versions_are_named() -> None:
    worker = info().model_copy(
        update={"engine": "numba", "versions": MASTER_VERSIONS | {"numpy": "2.3"}}
    )
    with pytest.raises(WireError, match=r"numpy 2\.3 there, 2\.4\.6 on the master"):
        check_versions(worker, MASTER_VERSIONS)


def test_a_phase_begins_with_its_first_call() -> None:
    roster = Roster(10)
    roster.join(info(), 0.0)
    for now, done in ((1.0, 0), (2.0, 1)):
        roster.see("w", now, EvaluationProgress("compiling kernels", done, 4))
    member = roster.get("w")
    assert member is not None
    assert (member.preparing, member.phase_began) == ("compiling kernels", 1.0)
    roster.see("w", 3.0, EvaluationProgress("search", 0, 4))
    member = roster.get("w")
    assert member is not None
    assert (member.preparing, member.phase_began) == (None, 3.0)
