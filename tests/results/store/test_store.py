"""The contract of a store's writes, on every kind."""

import os
import signal
import subprocess
import sys
from datetime import UTC
from typing import Any

import pytest

from configspace.errors import StoreError
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Failure
from results.store.events import Finished
from results.store.schema import curves, evaluations, trials
from results.store.store import Store
from tests.results.made_up import filled, id_of, outcome, run, study
from tests.results.store.rows import count, only_row


@pytest.fixture
def submitted(begun: Store) -> Store:
    """Return a store with one evaluation, ``(0, 0, 0)@50``, which is queued."""
    begun.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    return begun


@pytest.fixture
def leased(submitted: Store) -> Store:
    """Return a store with one evaluation, ``(0, 0, 0)@50``, which ``w7`` has leased."""
    submitted.lease("blur-final", id_of(0), worker="w7", token="abc", attempt=1)
    return submitted


def test_sequence_numbers_continue_after_reopening(url: str) -> None:
    with Store.open(url) as store:
        store.begin(study(), {})
        run(store, study(), id_of(0))
    with Store.open(url) as store:
        run(store, study(), id_of(1))
        assert [event.sequence for event in store.history("blur-final")] == [1, 2, 3, 4]


def test_each_study_has_its_sequence_numbers(store: Store) -> None:
    for name in ("a", "b"):
        store.begin(study(name), {})
        run(store, study(name), id_of(0))
    assert [event.sequence for event in store.history("b")] == [1, 2]


def test_an_evaluation_is_submitted_once(submitted: Store) -> None:
    with pytest.raises(StoreError, match=r"\(0, 0, 0\)@50 was submitted before"):
        submitted.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    assert len(submitted.history("blur-final")) == 1


def test_a_configuration_keeps_its_hyperparameters(begun: Store) -> None:
    begun.submit("blur-final", id_of(0, epochs=17), Hyperparameters(), model_based=True)
    begun.submit("blur-final", id_of(0, epochs=50), Hyperparameters(), model_based=True)
    with pytest.raises(StoreError, match="other hyperparameters"):
        begun.submit(
            "blur-final", id_of(0, epochs=6), Hyperparameters(param_lr=1), model_based=True
        )


def test_a_lease_records_worker_token_and_attempt(submitted: Store) -> None:
    submitted.lease("blur-final", id_of(0), worker="w7", token="abc", attempt=2)
    (open_one,) = submitted.unfinished("blur-final")
    assert (open_one.state, open_one.worker, open_one.token) == ("running", "w7", "abc")
    assert open_one.attempts == 2


def test_a_lease_records_its_time(leased: Store) -> None:
    (open_one,) = leased.unfinished("blur-final")
    assert open_one.started is not None
    assert open_one.started.tzinfo is UTC


def test_a_requeued_evaluation_keeps_its_attempts(leased: Store) -> None:
    leased.requeue("blur-final", id_of(0))
    (open_one,) = leased.unfinished("blur-final")
    assert (open_one.state, open_one.worker, open_one.token) == ("queued", None, None)
    assert open_one.attempts == 1


def test_a_retry_records_failure_and_worker(leased: Store) -> None:
    failure = Failure(id=id_of(0), kind="signal", message="SIGSEGV")
    leased.retry("blur-final", failure, worker="w7")
    (open_one,) = leased.unfinished("blur-final")
    assert (open_one.state, open_one.worker, open_one.failure) == ("queued", "w7", "signal")


def test_a_leased_retry_keeps_its_failure(leased: Store) -> None:
    failure = Failure(id=id_of(0), kind="signal", message="SIGSEGV")
    leased.retry("blur-final", failure, worker="w7")
    leased.lease("blur-final", id_of(0), worker="w8", token="def", attempt=1)
    (open_one,) = leased.unfinished("blur-final")
    assert (open_one.state, open_one.worker, open_one.failure) == ("running", "w8", "signal")


def test_a_successful_retry_has_no_failure(submitted: Store) -> None:
    failure = Failure(id=id_of(0), kind="signal", message="SIGSEGV")
    submitted.retry("blur-final", failure, worker="w7")
    submitted.finish("blur-final", outcome(id_of(0)), loss=-1.0, worker="w8")
    row = only_row(submitted)
    assert (row["state"], row["failure"], row["message"]) == ("finished", None, None)


def test_finishing_stores_all_trials_and_curves(begun: Store) -> None:
    run(begun, study(), id_of(0), psnrs=[(1.0, 2.0), (3.0, 4.0)], epochs=5)
    assert count(begun, trials) == 2
    assert count(begun, curves) == 2 * 2 * 5


def test_the_largest_seed_is_stored_exactly(submitted: Store) -> None:
    result = outcome(id_of(0))
    trial = result.trials[0].model_copy(update={"seed": 2**63 - 1})
    submitted.finish(
        "blur-final", result.model_copy(update={"trials": (trial,)}), loss=-1.0, worker="w"
    )
    assert only_row(submitted, trials)["seed"] == 2**63 - 1


def test_an_outcome_is_accepted_once(begun: Store) -> None:
    run(begun, study(), id_of(0))
    with pytest.raises(StoreError, match=r"expected an open evaluation .*, got one that is finish"):
        begun.finish("blur-final", outcome(id_of(0)), loss=-3.0, worker="late")
    assert count(begun, trials) == 1
    assert only_row(begun)["loss"] == -21.5


def test_an_outcome_after_requeueing_is_accepted(leased: Store) -> None:
    leased.requeue("blur-final", id_of(0))
    leased.finish("blur-final", outcome(id_of(0)), loss=-1.0, worker="w")
    assert only_row(leased)["state"] == "finished"


@pytest.mark.parametrize("call", ["lease", "requeue", "retry", "finish", "fail"])
def test_an_evaluation_must_be_submitted_first(begun: Store, call: str) -> None:
    arguments: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "lease": ((id_of(5),), {"worker": "w", "token": "t", "attempt": 1}),
        "requeue": ((id_of(5),), {}),
        "retry": ((Failure(id=id_of(5), kind="signal", message=""),), {"worker": "w"}),
        "finish": ((outcome(id_of(5)),), {"loss": -1.0, "worker": "w"}),
        "fail": (
            (id_of(5),),
            {"state": "lost", "failure": None, "message": "", "worker": "w"},
        ),
    }
    positional, named = arguments[call]
    with pytest.raises(StoreError, match=r"has no evaluation \(0, 0, 5\)@50; submit it first"):
        getattr(begun, call)("blur-final", *positional, **named)


def test_a_failure_is_stored_with_its_message(submitted: Store) -> None:
    failure = Failure(id=id_of(0), kind="non-finite", message="one-shot PSNR is nan")
    submitted.fail(
        "blur-final",
        id_of(0),
        state="crashed",
        failure=failure,
        message=failure.message,
        worker="w",
    )
    row = only_row(submitted)
    assert (row["state"], row["failure"], row["message"], row["loss"]) == (
        "crashed",
        "non-finite",
        "one-shot PSNR is nan",
        None,
    )


def test_any_message_of_a_failure_is_stored(submitted: Store) -> None:
    every = "".join(map(chr, (*range(0x300), 0xD800, 0xDFFF, 0xFFFF, 0x1F3AF)))
    failure = Failure(id=id_of(0), kind="exception", message=every)
    submitted.retry("blur-final", failure, worker="w")
    assert only_row(submitted)["message"] == failure.message


def test_a_lost_re_run_starts_from_the_beginning(begun: Store) -> None:
    again = id_of(0, purpose="rerun")
    begun.submit("blur-final", again, Hyperparameters(), model_based=False)
    begun.lease("blur-final", again, worker="w", token="t", attempt=3)
    begun.fail("blur-final", again, state="lost", failure=None, message="gone", worker="w")
    begun.submit("blur-final", again, Hyperparameters(), model_based=False)
    row = only_row(begun)
    assert (row["state"], row["attempts"], row["message"]) == ("queued", 0, None)
    assert (row["ended_sequence"], row["submitted_sequence"]) == (None, 3)


def test_a_finished_re_run_is_not_submitted_again(begun: Store) -> None:
    run(begun, study(), id_of(0, purpose="rerun"))
    with pytest.raises(StoreError, match="was submitted before"):
        begun.submit("blur-final", id_of(0, purpose="rerun"), Hyperparameters(), model_based=False)


def test_deleting_a_study_deletes_only_its_results(store: Store) -> None:
    filled(store, "a")
    kept = [count(store, table) for table in (evaluations, trials, curves)]
    filled(store, "b", seed=1)
    store.delete("b")
    assert store.study_names() == ["a"]
    assert [count(store, table) for table in (evaluations, trials, curves)] == kept


def test_a_deleted_study_may_begin_again(store: Store) -> None:
    filled(store)
    store.delete("blur-final")
    store.begin(study(), {})
    assert store.history("blur-final") == []


@pytest.mark.parametrize("begun_again", [False, True])
def test_a_study_deleted_while_served_is_named(url: str, begun_again: bool) -> None:
    with Store.open(url) as master, Store.open(url) as other:
        master.begin(study(), {})
        master.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
        other.delete("blur-final")
        if begun_again:
            other.begin(study(), {})
        for write in (
            lambda: master.submit("blur-final", id_of(1), Hyperparameters(), model_based=False),
            lambda: master.requeue("blur-final", id_of(0)),
            lambda: master.finish("blur-final", outcome(id_of(0)), loss=-1.0, worker="w"),
            lambda: master.show_workers("blur-final", []),
            lambda: master.add_target("blur-final", "x86-64"),
            lambda: master.end("blur-final", "done"),
        ):
            with pytest.raises(StoreError, match=r"'blur-final' in .* was deleted while it was"):
                write()
        master.begin(study(), {})
        run(master, study(), id_of(0))
        assert len(master.history("blur-final")) == 2


def test_a_failed_write_changes_nothing(submitted: Store) -> None:
    result = outcome(id_of(0))
    too_large = result.trials[0].model_copy(update={"seed": 2**64})
    broken = result.model_copy(update={"trials": (result.trials[0], too_large)})
    with pytest.raises((StoreError, OverflowError)):
        submitted.finish("blur-final", broken, loss=-1.0, worker="w")
    assert (only_row(submitted)["state"], count(submitted, trials)) == ("queued", 0)
    submitted.finish("blur-final", result, loss=-1.0, worker="w")
    assert [event.sequence for event in submitted.history("blur-final")] == [1, 2]


_KILLED = """
import sys
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId
from results.store.store import Store
from tests.results.made_up import outcome, study
store = Store.open(sys.argv[1])
store.begin(study(), {})
for number in range(10**6):
    id = EvaluationId(configuration=(0, 0, number), epochs=5)
    store.submit("blur-final", id, Hyperparameters(), model_based=False)
    store.finish("blur-final", outcome(id), loss=-float(number), worker="w")
    print(number, flush=True)
"""


def test_committed_outcomes_survive_a_killed_process(url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, url], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        committed = 0
        for line in process.stdout:
            committed = int(line)
            if committed >= 50:
                os.kill(process.pid, signal.SIGKILL)
                break
        rest = [int(line) for line in process.stdout if line.endswith("\n")]
        committed = max([committed, *rest])
    with Store.open(url) as store:
        finished = [event for event in store.history("blur-final") if isinstance(event, Finished)]
        assert {event.id.configuration[2] for event in finished} >= set(range(committed + 1))
        run(store, study(), EvaluationId(configuration=(1, 0, 0), epochs=5))
