"""Which workers a master knows."""

from typing import Any

import pytest

from configspace.errors import WireError
from master.roster import Roster, WorkerInfo


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


def test_a_second_worker_of_a_name_is_given_another() -> None:
    roster = Roster(10)
    names = [roster.join(info(instance=instance), 0.0) for instance in "123"]
    assert names == ["w", "w~2", "w~3"]


def test_a_worker_that_joins_again_keeps_its_name() -> None:
    roster = Roster(10)
    roster.join(info(), 0.0)
    assert roster.join(info(), 5.0) == "w"
    assert len(roster) == 1


def test_a_worker_not_heard_of_for_too_long_is_struck_off() -> None:
    roster = Roster(10)
    for name in "ab":
        roster.join(info(name), 0.0)
    roster.see("b", 5.0)
    assert [member.name for member in roster.silent(10.0)] == ["a"]
    assert [member.name for member in roster] == ["b"]


def test_a_stranger_that_is_seen_is_no_member() -> None:
    roster = Roster(10)
    roster.see("stranger", 1.0)
    assert "stranger" not in roster


def test_a_worker_leaves_once() -> None:
    roster = Roster(10)
    roster.join(info(), 0.0)
    assert roster.leave("w")
    assert not roster.leave("w")


def test_a_description_with_unknown_keys_is_refused() -> None:
    with pytest.raises(WireError, match="colour"):
        WorkerInfo.from_wire(info().to_wire() | {"colour": "red"})
