"""The contract of a store; runs on every kind."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
import sqlalchemy as sa

from configspace.bohb import BohbSettings
from configspace.errors import StoreError, StudyError
from configspace.hyperparameters import Hyperparameters
from configspace.job import EvaluationId, Failure
from configspace.study import ArchitectureSettings
from results.store.events import Failed, Finished, SeenWorker, Submitted
from results.store.schema import configurations, curves, evaluations, studies, trials, workers
from results.store.store import Store
from tests.results.made_up import filled, id_of, outcome, run, study

_ENDS: tuple[tuple[int, Literal["crashed", "lost"]], ...] = ((0, "lost"), (1, "crashed"))


def row_of(store: Store, table: sa.Table = evaluations) -> sa.RowMapping:
    with store.reading() as connection:
        return connection.execute(table.select()).mappings().one()


def count(store: Store, table: sa.Table) -> int:
    with store.reading() as connection:
        return len(connection.execute(table.select()).all())


def test_a_study_comes_back_as_it_was_begun(store: Store) -> None:
    begun = study(seed=2**63 - 1, hyperparameters={"param_lr": [1e-4, 1e-2]})
    store.begin(begun, {"torch": "2.13.0"})
    assert store.study("blur-final") == begun


def test_a_study_may_grow(store: Store) -> None:
    store.begin(study(), {})
    grown = study(bohb=BohbSettings(iterations=200))
    store.begin(grown, {})
    assert store.study("blur-final").bohb.iterations == 200


def test_another_study_under_the_same_name_is_refused_with_the_keys_that_differ(
    store: Store,
) -> None:
    store.begin(study(), {})
    with pytest.raises(StudyError, match=r"architecture\.layers: 10 there, 12 here"):
        store.begin(study(architecture=ArchitectureSettings(layers=12)), {})
    assert store.study("blur-final").architecture.layers == 10


def test_a_study_without_results_takes_up_other_versions(store: Store) -> None:
    store.begin(study(), {"torch": "2.12.0"})
    store.begin(study(), {"torch": "2.13.0"})
    assert row_of(store, studies)["versions"] == {"torch": "2.13.0"}
    assert row_of(store, studies)["version_changes"] is None


def test_a_study_with_results_of_other_versions_is_refused_and_stays_as_it_was(
    store: Store,
) -> None:
    store.begin(study(), {"torch": "2.12.0", "numpy": "2.4.6"})
    run(store, study(), id_of(0))
    with pytest.raises(
        StudyError,
        match=r"torch 2\.12\.0 there, 2\.13\.0 here.*get torch==2\.12\.0, or.*--accept",
    ):
        store.begin(study(), {"torch": "2.13.0", "numpy": "2.4.6"})
    assert row_of(store, studies)["versions"] == {"torch": "2.12.0", "numpy": "2.4.6"}


def test_each_change_of_versions_that_was_accepted_is_kept(store: Store) -> None:
    store.begin(study(), {"torch": "2.12.0", "numpy": "2.4.6"})
    run(store, study(), id_of(0))
    for version in ("2.13.0", "2.13.0", "2.14.0"):
        now = {"torch": version, "numpy": "2.4.6"}
        store.begin(study(), now, accept_version_change=True)
    changes = row_of(store, studies)["version_changes"]
    assert [(one["after"], one["from"], one["to"]) for one in changes] == [
        (2, {"torch": "2.12.0"}, {"torch": "2.13.0"}),
        (2, {"torch": "2.13.0"}, {"torch": "2.14.0"}),
    ]
    assert all(datetime.fromisoformat(one["at"]).tzinfo for one in changes)


def test_a_study_is_taken_up_again_only_under_its_versions_or_the_change_is_kept(
    store: Store,
) -> None:
    store.begin(study(), {"torch": "2.12.0"})
    run(store, study(), id_of(0))
    before = row_of(store, studies)
    store.take_up(study().name, {"torch": "2.12.0"})
    with pytest.raises(StudyError, match=r"torch 2\.12\.0 there, 2\.13\.0 here"):
        store.take_up(study().name, {"torch": "2.13.0"})
    assert row_of(store, studies) == before
    store.take_up(study().name, {"torch": "2.13.0"}, accept_version_change=True)
    after = row_of(store, studies)
    assert after["versions"] == {"torch": "2.13.0"}
    assert [one["to"] for one in after["version_changes"]] == [{"torch": "2.13.0"}]


def test_another_build_of_the_same_release_is_no_other_version(store: Store) -> None:
    store.begin(study(), {"torch": "2.13.0+cu126"})
    run(store, study(), id_of(0))
    store.begin(study(), {"torch": "2.13.0+cpu"})


def test_study_names_are_in_the_order_of_their_beginning(store: Store) -> None:
    for name in ("b", "a"):
        store.begin(study(name), {})
    assert store.study_names() == ["b", "a"]


@pytest.mark.parametrize("read", ["study", "history", "unfinished", "delete"])
def test_an_unknown_study_is_an_error_that_lists_the_known_ones(store: Store, read: str) -> None:
    store.begin(study("a"), {})
    store.begin(study("b"), {})
    with pytest.raises(
        StoreError, match=r"^no study 'x' in (sqlite|postgresql)://.*; it has 'a', 'b'$"
    ):
        getattr(store, read)("x")


def test_history_tells_what_happened_in_order(store: Store) -> None:
    store.begin(study(), {})
    hyperparameters = Hyperparameters(param_lr=0.25, alpha_optimizer="adam")
    for number in range(3):
        store.submit("blur-final", id_of(number), hyperparameters, model_based=number == 1)
    store.finish("blur-final", outcome(id_of(2)), loss=-21.5, worker="w")
    for number, state in _ENDS:
        store.fail(
            "blur-final", id_of(number), state=state, failure=None, message="gone", worker="w"
        )
    assert store.history("blur-final") == [
        Submitted(1, id_of(0), hyperparameters, model_based=False),
        Submitted(2, id_of(1), hyperparameters, model_based=True),
        Submitted(3, id_of(2), hyperparameters, model_based=False),
        Finished(4, id_of(2), -21.5),
        Failed(5, id_of(0), "lost"),
        Failed(6, id_of(1), "crashed"),
    ]


def test_history_leaves_re_runs_out(store: Store) -> None:
    made = study()
    store.begin(made, {})
    run(store, made, id_of(0))
    run(store, made, id_of(0, purpose="rerun"))
    assert [event.id.purpose for event in store.history("blur-final")] == ["study", "study"]


def test_sequence_numbers_go_on_after_reopening(url: str) -> None:
    with Store.open(url) as store:
        store.begin(study(), {})
        run(store, study(), id_of(0))
    with Store.open(url) as store:
        run(store, study(), id_of(1))
        assert [event.sequence for event in store.history("blur-final")] == [1, 2, 3, 4]


def test_sequence_numbers_are_each_studys_own(store: Store) -> None:
    for name in ("a", "b"):
        store.begin(study(name), {})
        run(store, study(name), id_of(0))
    assert [event.sequence for event in store.history("b")] == [1, 2]


def test_an_evaluation_is_submitted_once(store: Store) -> None:
    store.begin(study(), {})
    store.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    with pytest.raises(StoreError, match=r"\(0, 0, 0\)@50 was submitted before"):
        store.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    assert len(store.history("blur-final")) == 1


def test_a_configuration_keeps_its_hyperparameters_on_every_rung(store: Store) -> None:
    store.begin(study(), {})
    store.submit("blur-final", id_of(0, epochs=17), Hyperparameters(), model_based=True)
    store.submit("blur-final", id_of(0, epochs=50), Hyperparameters(), model_based=True)
    with pytest.raises(StoreError, match="other hyperparameters"):
        store.submit(
            "blur-final", id_of(0, epochs=6), Hyperparameters(param_lr=1), model_based=True
        )


def test_a_lease_is_kept_with_worker_token_and_attempt(store: Store) -> None:
    store.begin(study(), {})
    store.submit("blur-final", id_of(0), Hyperparameters(), model_based=True)
    store.lease("blur-final", id_of(0), worker="w7", token="abc", attempt=2)
    (open_one,) = store.unfinished("blur-final")
    assert (open_one.state, open_one.worker, open_one.token) == ("running", "w7", "abc")
    assert open_one.attempts == 2
    assert open_one.started is not None
    assert open_one.started.tzinfo is UTC


def test_a_requeued_evaluation_has_no_worker_but_keeps_its_attempts(store: Store) -> None:
    store.begin(study(), {})
    store.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    store.lease("blur-final", id_of(0), worker="w7", token="abc", attempt=1)
    store.requeue("blur-final", id_of(0))
    (open_one,) = store.unfinished("blur-final")
    assert (open_one.state, open_one.worker, open_one.token) == ("queued", None, None)
    assert open_one.attempts == 1


def test_an_evaluation_that_is_to_be_retried_keeps_how_and_on_whom_it_failed(store: Store) -> None:
    store.begin(study(), {})
    store.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    store.lease("blur-final", id_of(0), worker="w7", token="abc", attempt=1)
    failure = Failure(id=id_of(0), kind="signal", message="SIGSEGV")
    store.retry("blur-final", failure, worker="w7")
    (open_one,) = store.unfinished("blur-final")
    assert (open_one.state, open_one.worker, open_one.failure) == ("queued", "w7", "signal")
    store.lease("blur-final", id_of(0), worker="w8", token="def", attempt=1)
    (open_one,) = store.unfinished("blur-final")
    assert (open_one.state, open_one.worker, open_one.failure) == ("running", "w8", "signal")


def test_a_retry_that_succeeds_leaves_no_failure(store: Store) -> None:
    store.begin(study(), {})
    store.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    failure = Failure(id=id_of(0), kind="signal", message="SIGSEGV")
    store.retry("blur-final", failure, worker="w7")
    store.finish("blur-final", outcome(id_of(0)), loss=-1.0, worker="w8")
    row = row_of(store)
    assert (row["state"], row["failure"], row["message"]) == ("finished", None, None)


def test_what_has_ended_is_not_unfinished(store: Store) -> None:
    filled(store)
    assert store.unfinished("blur-final") == []


def test_finishing_keeps_every_trial_and_a_curve_row_each_phase_and_epoch(store: Store) -> None:
    made = study()
    store.begin(made, {})
    run(store, made, id_of(0), psnrs=[(1.0, 2.0), (3.0, 4.0)], epochs=5)
    assert count(store, trials) == 2
    assert count(store, curves) == 2 * 2 * 5


def test_the_largest_seed_is_kept_exactly(store: Store) -> None:
    made = study()
    store.begin(made, {})
    store.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    result = outcome(id_of(0))
    trial = result.trials[0].model_copy(update={"seed": 2**63 - 1})
    store.finish(
        "blur-final", result.model_copy(update={"trials": (trial,)}), loss=-1.0, worker="w"
    )
    assert row_of(store, trials)["seed"] == 2**63 - 1


def test_an_outcome_is_accepted_once(store: Store) -> None:
    made = study()
    store.begin(made, {})
    run(store, made, id_of(0))
    with pytest.raises(StoreError, match="has ended already, as finished"):
        store.finish("blur-final", outcome(id_of(0)), loss=-3.0, worker="late")
    assert count(store, trials) == 1
    assert row_of(store)["loss"] == -21.5


def test_an_outcome_of_a_requeued_evaluation_is_accepted(store: Store) -> None:
    store.begin(study(), {})
    store.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    store.lease("blur-final", id_of(0), worker="w", token="abc", attempt=1)
    store.requeue("blur-final", id_of(0))
    store.finish("blur-final", outcome(id_of(0)), loss=-1.0, worker="w")
    assert row_of(store)["state"] == "finished"


@pytest.mark.parametrize("call", ["lease", "requeue", "retry", "finish", "fail"])
def test_an_evaluation_that_was_never_submitted_is_an_error(store: Store, call: str) -> None:
    store.begin(study(), {})
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
        getattr(store, call)("blur-final", *positional, **named)


def test_a_failure_is_kept_with_its_kind_and_message(store: Store) -> None:
    store.begin(study(), {})
    store.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    failure = Failure(id=id_of(0), kind="non-finite", message="one-shot PSNR is nan")
    store.fail(
        "blur-final",
        id_of(0),
        state="crashed",
        failure=failure,
        message=failure.message,
        worker="w",
    )
    row = row_of(store)
    assert (row["state"], row["failure"], row["message"], row["loss"]) == (
        "crashed",
        "non-finite",
        "one-shot PSNR is nan",
        None,
    )


def test_a_lost_re_run_may_be_submitted_again_and_starts_afresh(store: Store) -> None:
    store.begin(study(), {})
    again = id_of(0, purpose="rerun")
    store.submit("blur-final", again, Hyperparameters(), model_based=False)
    store.lease("blur-final", again, worker="w", token="t", attempt=3)
    store.fail("blur-final", again, state="lost", failure=None, message="gone", worker="w")
    store.submit("blur-final", again, Hyperparameters(), model_based=False)
    row = row_of(store)
    assert (row["state"], row["attempts"], row["message"]) == ("queued", 0, None)
    assert (row["ended_sequence"], row["submitted_sequence"]) == (None, 3)


def test_a_finished_re_run_is_not_submitted_again(store: Store) -> None:
    made = study()
    store.begin(made, {})
    run(store, made, id_of(0, purpose="rerun"))
    with pytest.raises(StoreError, match="was submitted before"):
        store.submit("blur-final", id_of(0, purpose="rerun"), Hyperparameters(), model_based=False)


def test_deleting_a_study_removes_everything_of_it_and_nothing_else(store: Store) -> None:
    filled(store, "a")
    kept = [count(store, table) for table in (evaluations, trials, curves)]
    filled(store, "b", seed=1)
    store.delete("b")
    assert store.study_names() == ["a"]
    assert [count(store, table) for table in (evaluations, trials, curves)] == kept


def test_a_deleted_study_may_be_begun_anew(store: Store) -> None:
    filled(store)
    store.delete("blur-final")
    store.begin(study(), {})
    assert store.history("blur-final") == []


def test_a_reader_notices_that_a_study_was_deleted_and_begun_anew(url: str) -> None:
    with Store.open(url) as master, Store.open(url, create=False) as reader:
        filled(master, "a")
        filled(master, "b")
        assert reader.history("b") != []
        master.delete("a")
        master.delete("b")
        filled(master, "b", configurations=1)
        assert reader.history("b") == master.history("b") != []


def test_nothing_of_a_write_that_fails_is_kept(store: Store) -> None:
    store.begin(study(), {})
    store.submit("blur-final", id_of(0), Hyperparameters(), model_based=False)
    result = outcome(id_of(0))
    too_large = result.trials[0].model_copy(update={"seed": 2**64})
    broken = result.model_copy(update={"trials": (result.trials[0], too_large)})
    with pytest.raises((StoreError, OverflowError)):
        store.finish("blur-final", broken, loss=-1.0, worker="w")
    assert (row_of(store)["state"], count(store, trials)) == ("queued", 0)
    store.finish("blur-final", result, loss=-1.0, worker="w")
    assert [event.sequence for event in store.history("blur-final")] == [1, 2]


def test_many_readers_look_on_while_the_master_writes(url: str) -> None:
    made = study()
    with Store.open(url) as master, Store.open(url, create=False) as reader:
        master.begin(made, {})
        with reader.reading() as connection:
            before = len(connection.execute(evaluations.select()).all())
            run(master, made, id_of(0))
            assert len(connection.execute(evaluations.select()).all()) == before == 0
        assert len(reader.history("blur-final")) == 2


def test_twenty_thousand_evaluations_are_read_within_two_seconds(store: Store) -> None:
    made = study()
    store.begin(made, {})
    values = Hyperparameters().model_dump()
    keys = [
        {"study_id": 1, "iteration": index // 100, "rung": 0, "number": index % 100}
        for index in range(20_000)
    ]
    with store._write() as connection:
        connection.execute(
            configurations.insert(),
            [{**key, "hyperparameters": values, "model_based": False} for key in keys],
        )
        connection.execute(
            evaluations.insert(),
            [
                {
                    **key,
                    "epochs": 5,
                    "purpose": "study",
                    "part": 0,
                    "state": "finished",
                    "attempts": 1,
                    "loss": -1.0,
                    "submitted": datetime.now(UTC),
                    "submitted_sequence": 2 * index + 1,
                    "ended_sequence": 2 * index + 2,
                }
                for index, key in enumerate(keys)
            ],
        )
    start = time.process_time()
    events = store.history("blur-final")
    assert time.process_time() - start < 2.0
    assert [event.sequence for event in events] == list(range(1, 40_001))


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


def test_every_outcome_that_was_committed_survives_a_killed_process(url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, url], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        heard = 0
        for line in process.stdout:
            heard = int(line)
            if heard >= 50:
                os.kill(process.pid, signal.SIGKILL)
                break
        heard = max([heard, *(int(line) for line in process.stdout if line.endswith("\n"))])
    with Store.open(url) as store:
        finished = [event for event in store.history("blur-final") if isinstance(event, Finished)]
        assert {event.id.configuration[2] for event in finished} >= set(range(heard + 1))
        run(store, study(), EvaluationId(configuration=(1, 0, 0), epochs=5))


def _seen(name: str, **other: Any) -> SeenWorker:
    known: dict[str, Any] = {
        "host": "h",
        "pid": 7,
        "device": "cpu",
        "engine": "numba",
        "evaluation": "(0, 0, 1)@6",
        "attempt": 2,
        "heard": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    }
    return SeenWorker(name=name, **(known | other))


def test_the_workers_last_seen_are_told_and_no_others(store: Store) -> None:
    store.begin(study(), {})
    store.show_workers("blur-final", [_seen("b"), _seen("a", evaluation=None, attempt=None)])
    store.show_workers("blur-final", [_seen("c"), _seen("a", evaluation=None, attempt=None)])
    assert store.workers("blur-final") == [_seen("a", evaluation=None, attempt=None), _seen("c")]
    store.show_workers("blur-final", [])
    assert store.workers("blur-final") == []


def test_the_workers_of_a_study_go_with_it(store: Store) -> None:
    store.begin(study(), {})
    store.show_workers("blur-final", [_seen("a")])
    store.delete("blur-final")
    assert count(store, workers) == 0
