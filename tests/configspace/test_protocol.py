"""The replies of the master, and what else crosses the wire."""

import json
from typing import Any

import pytest

from configspace.errors import WireError
from configspace.protocol import (
    CLAIM,
    HEARTBEAT,
    METHODS,
    Continue,
    Done,
    EvaluationProgress,
    Idle,
    Joined,
    Lease,
    Left,
    Method,
    Received,
    Refused,
    Rejoin,
    Reply,
    Resend,
    Stop,
    WorkerInfo,
)
from tests.configspace.test_job import JOB

REPLIES: list[Reply] = [
    Joined(worker="w", sharing=2, heartbeat_seconds=5.0),
    Lease(job=JOB, token="t", sharing=1),
    Idle(),
    Done(more=True),
    Rejoin(),
    Continue(),
    Stop(),
    Received(accepted=False),
    Resend(),
    Left(),
    Refused(problem="no", advice="go"),
]
each_reply = pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.tag())
each_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
INFO = WorkerInfo(name="w", instance="1", pid=1, host="h", device="cpu", engine="e", versions={})


def sent(reply: Reply) -> Any:
    """Return a reply's wire form as it arrives: only JSON's types."""
    return json.loads(json.dumps(reply.to_wire()))


@each_reply
def test_a_reply_survives_the_wire(reply: Reply) -> None:
    assert type(reply).from_wire(sent(reply)) == reply


@each_reply
def test_some_method_has_each_reply(reply: Reply) -> None:
    methods = [one for one in METHODS if type(reply) in (*one.replies, Refused)]
    assert [one.reply_from_wire(sent(reply)) for one in methods] == [reply] * len(methods)
    assert methods


@each_method
def test_a_method_parses_its_own_replies_only(method: Method[Reply]) -> None:
    for reply in REPLIES:
        if type(reply) not in (*method.replies, Refused):
            with pytest.raises(WireError, match=f"expected a reply to '{method.name}'"):
                method.reply_from_wire(sent(reply))


@pytest.mark.parametrize(
    "payload",
    [None, 3, "continue", [], {}, {"reply": None}, {"reply": ["idle"]}, {"reply": "nap"}],
)
def test_a_payload_without_a_known_reply_is_an_error(payload: object) -> None:
    with pytest.raises(WireError, match=r"expected a reply to 'claim' \(lease, idle, done, rejoin"):
        CLAIM.reply_from_wire(payload)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({"reply": "lease"}, "expected a valid lease: key 'job' is missing"),
        ({"reply": "lease", "token": "t", "sharing": 1, "job": {}}, "job.study' is missing"),
        (sent(REPLIES[1]) | {"sharing": 0}, "'sharing'"),
        (sent(REPLIES[1]) | {"token": 3}, "'token'"),
        ({"reply": "done", "more": "yes"}, "'more'"),
        ({"reply": "idle", "until": 3}, "unknown key 'until'"),
    ],
)
def test_a_reply_with_malformed_fields_is_an_error(payload: object, message: str) -> None:
    with pytest.raises(WireError, match=message):
        CLAIM.reply_from_wire(payload)


def test_a_reply_of_another_type_is_an_error() -> None:
    with pytest.raises(WireError, match="expected a reply 'idle', got"):
        Idle.from_wire(Stop().to_wire())


def test_any_call_may_be_refused() -> None:
    refused = Refused(problem="no", advice="go")
    assert [one.reply_from_wire(sent(refused)) for one in METHODS] == [refused] * len(METHODS)


def test_a_refusal_of_an_older_master_is_read() -> None:
    assert CLAIM.reply_from_wire({"refused": "no; go"}) == Refused(problem="no; go")


def test_a_refusal_is_readable_for_an_older_worker() -> None:
    assert Refused(problem="no", advice="go").to_wire()["refused"] == "no; go"


def test_a_long_payload_is_cut_in_the_error() -> None:
    with pytest.raises(WireError) as caught:
        HEARTBEAT.reply_from_wire("x" * 10**6)
    assert len(str(caught.value)) < 200


def test_progress_survives_the_wire() -> None:
    progress = EvaluationProgress("search", 3, 17)
    assert EvaluationProgress.from_wire(json.loads(json.dumps(progress.to_wire()))) == progress


@pytest.mark.parametrize(
    "payload", [None, 3, [], ["search", 1], ["search", "1", 2], [1, 2, 3], ["x" * 100, 1, 2]]
)
def test_malformed_progress_is_an_error(payload: object) -> None:
    with pytest.raises(WireError, match="expected progress as"):
        EvaluationProgress.from_wire(payload)


def test_a_worker_info_survives_the_wire() -> None:
    assert WorkerInfo.from_wire(json.loads(json.dumps(INFO.to_wire()))) == INFO


def test_a_worker_info_with_unknown_keys_is_refused() -> None:
    with pytest.raises(WireError, match="color"):
        WorkerInfo.from_wire(INFO.to_wire() | {"color": "red"})
