"""Reading from a store, on every kind."""

from datetime import UTC, datetime
from typing import Any, Literal

import pytest
import sqlalchemy as sa

from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from results.store.events import Failed, Finished, FinishedTrial, FixedTrials, SeenWorker, Submitted
from results.store.schema import configurations, evaluations, workers
from results.store.store import Store
from tests.results.made_up import filled, id_of, outcome, run, study
from tests.results.store.rows import count

_ENDS: tuple[tuple[int, Literal["crashed", "lost"]], ...] = ((0, "lost"), (1, "crashed"))


def test_history_returns_the_events_in_order(begun: Store) -> None:
    hyperparameters = Hyperparameters(param_lr=0.25, alpha_optimizer="adam")
    for number in range(3):
        begun.submit("blur-final", id_of(number), hyperparameters, model_based=number == 1)
    begun.finish("blur-final", outcome(id_of(2)), loss=-21.5, worker="w")
    for number, state in _ENDS:
        begun.fail(
            "blur-final", id_of(number), state=state, failure=None, message="gone", worker="w"
        )
    assert begun.history("blur-final") == [
        Submitted(1, id_of(0), hyperparameters, model_based=False),
        Submitted(2, id_of(1), hyperparameters, model_based=True),
        Submitted(3, id_of(2), hyperparameters, model_based=False),
        Finished(4, id_of(2), -21.5),
        Failed(5, id_of(0), "lost"),
        Failed(6, id_of(1), "crashed"),
    ]


def test_history_leaves_re_runs_out(begun: Store) -> None:
    run(begun, study(), id_of(0))
    run(begun, study(), id_of(0, purpose="rerun"))
    assert [event.id.purpose for event in begun.history("blur-final")] == ["study", "study"]


@pytest.fixture
def large(begun: Store) -> Store:
    """Return a store with 20,000 finished evaluations."""
    values = Hyperparameters().model_dump()
    keys = [
        {"study_id": 1, "iteration": index // 100, "rung": 0, "number": index % 100}
        for index in range(20_000)
    ]
    with begun._write() as connection:
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
    return begun


@pytest.mark.slow
def test_a_long_history_is_read_by_few_statements(large: Store) -> None:
    executed: list[str] = []

    def executing(connection: Any, cursor: Any, statement: str, *others: Any) -> None:
        executed.append(statement)

    sa.event.listen(large._engine, "before_cursor_execute", executing)
    events = large.history("blur-final")
    assert [event.sequence for event in events] == list(range(1, 40_001))
    assert len(executed) < 10


def test_what_has_ended_is_not_unfinished(store: Store) -> None:
    filled(store)
    assert store.unfinished("blur-final") == []


def test_a_reader_notices_a_deleted_study(url: str) -> None:
    with Store.open(url) as master, Store.open(url, create=False) as reader:
        filled(master, "a")
        filled(master, "b")
        assert reader.history("b") != []
        master.delete("a")
        master.delete("b")
        filled(master, "b", configurations=1)
        assert reader.history("b") == master.history("b") != []


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


def test_workers_are_replaced_and_sorted(begun: Store) -> None:
    begun.show_workers("blur-final", [_seen("b"), _seen("a", evaluation=None, attempt=None)])
    begun.show_workers("blur-final", [_seen("c"), _seen("a", evaluation=None, attempt=None)])
    assert begun.workers("blur-final") == [_seen("a", evaluation=None, attempt=None), _seen("c")]
    begun.show_workers("blur-final", [])
    assert begun.workers("blur-final") == []


def test_deleting_a_study_deletes_its_workers(begun: Store) -> None:
    begun.show_workers("blur-final", [_seen("a")])
    begun.delete("blur-final")
    assert count(begun, workers) == 0


def test_parts_have_a_state_and_a_size(store: Store) -> None:
    made = Condition(
        campaign="many", name="one", preset="H1", hyperparameters=Hyperparameters(), trials=5
    )
    store.begin_campaign(Campaign(name="many", conditions=(made,)), {})
    for first, size in {0: 2, 2: 3}.items():
        id = id_of(purpose="campaign", part=first)
        store.submit(made.study, id, Hyperparameters(), model_based=False, seeds=size)
    finished = outcome(id_of(purpose="campaign"), [(1.0, 2.0), (3.0, 4.0)])
    store.lease(made.study, finished.id, worker="w", token="t", attempt=1)
    store.finish(made.study, finished, loss=-3.0, worker="w")
    assert {id.part: part for id, part in store.parts(made.study, "campaign").items()} == {
        0: FixedTrials("finished", 2),
        2: FixedTrials("queued", 3),
    }
    assert store.parts(made.study, "rerun") == {}


def test_finished_trials_have_their_index(store: Store) -> None:
    made = Condition(
        campaign="many", name="one", preset="H1", hyperparameters=Hyperparameters(), trials=5
    )
    store.begin_campaign(Campaign(name="many", conditions=(made,)), {})
    for first in (3, 0):
        id = id_of(purpose="campaign", part=first)
        store.submit(made.study, id, Hyperparameters(), model_based=False, seeds=2)
        if first:
            done = outcome(id, [(1.0, 2.0), (3.0, 4.0)])
            store.finish(made.study, done, loss=-3.0, worker="w")
    assert store.finished_trials(made.study) == {
        3: FinishedTrial(2.0, None),
        4: FinishedTrial(4.0, None),
    }


def test_an_old_re_run_has_its_finished_trials(begun: Store) -> None:
    run(begun, study(), id_of(purpose="rerun"), psnrs=[(1.0, 2.0), (3.0, 4.0)])
    assert begun.parts("blur-final", "rerun") == {
        id_of(purpose="rerun"): FixedTrials("finished", 2)
    }
