"""Connections of a store, on every kind."""

from results.store.schema import evaluations
from results.store.store import Store
from tests.results.made_up import id_of, run, study


def test_a_reader_has_a_snapshot_during_writes(url: str) -> None:
    made = study()
    with Store.open(url) as master, Store.open(url, create=False) as reader:
        master.begin(made, {})
        with reader.reading() as connection:
            before = len(connection.execute(evaluations.select()).all())
            run(master, made, id_of(0))
            assert len(connection.execute(evaluations.select()).all()) == before == 0
        assert len(reader.history("blur-final")) == 2
