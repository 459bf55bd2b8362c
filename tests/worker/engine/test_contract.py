from dataclasses import replace

from tests.worker.made_up import batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.contract import sources


def test_a_state_has_edges_from_all_earlier_states() -> None:
    assert sources(3) == ((0,), (0, 1), (0, 1, 2))


def test_only_a_rule_that_can_stop_needs_eigenvalues() -> None:
    batch = batch_of(epochs=16)
    stopping = replace(batch, search=batch.search.model_copy(update={"variant": "darts-es"}))
    assert not stopping.measures_eigenvalues
    assert replace(stopping, epochs=17).measures_eigenvalues
    assert replace(stopping, eigenvalues=True).measures_eigenvalues
    assert not replace(batch, epochs=17).measures_eigenvalues


def test_the_settings_count_the_same_edges() -> None:
    batch = in_cells(batch_of(), cells=2, states=3)
    assert batch.architecture.edges == 2 * sum(len(some) for some in sources(3))
