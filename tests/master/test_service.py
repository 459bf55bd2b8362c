"""A master and workers, as real processes on loopback."""

from pathlib import Path

from results.store import Store
from tests.master.running import losses, running_master, small_study, submitted, workers


def test_a_study_runs_to_its_end_with_two_workers(tmp_path: Path) -> None:
    study = small_study()
    with (
        Store.open(f"sqlite:///{tmp_path}/s.db") as store,
        running_master(study, store) as running,
        workers(running.start(), 2, "evaluate", once=True) as processes,
    ):
        ending = running.wait()
        assert ending.state == "done"
        ids = submitted(store)
        assert len(ids) == len(set(ids)) == 20
        assert set(losses(store)) == set(ids)
        assert [process.wait(10) for process in processes] == [0, 0]
