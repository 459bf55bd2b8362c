from tests.worker.made_up import batch_of
from tests.worker.torch_engine.plain_cell import in_cells
from worker.engine.contract import sources


def test_a_state_has_edges_from_all_earlier_states() -> None:
    assert sources(3) == ((0,), (0, 1), (0, 1, 2))


def test_the_settings_count_the_same_edges() -> None:
    batch = in_cells(batch_of(), cells=2, states=3)
    assert batch.architecture.edges == 2 * sum(len(some) for some in sources(3))
