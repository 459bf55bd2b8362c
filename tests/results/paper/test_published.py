"""The paper's numbers."""

import pytest

from results.paper.published import Number, Published, Setting, published


@pytest.mark.parametrize(
    ("number", "settings", "n"), [(1, 16, 75), (2, 12, 100), (3, 20, 75), (4, 14, 75)]
)
def test_a_table_has_every_setting(number: Number, settings: int, n: int) -> None:
    table = published(number)
    assert len(table) == settings
    assert {each.n for each in table.values()} == {n}
    assert {each.space for each in table} == {"sequential" if number in (1, 3) else "cell"}


def test_numbers_belong_to_their_settings() -> None:
    darts = Setting("sequential", "all", "blur", "darts", "H1")
    assert published(1)[darts] == Published(max=22.86, mean=15.64, median=18.57, n=75, seconds=173)
    tuned = Setting("sequential", "all", "blur", "darts", "BOHB-Blur")
    assert published(3)[tuned] == Published(max=22.94, mean=12.76, median=8.21, n=75)


def test_h1_is_the_same_in_tables_1_and_3() -> None:
    first, third = published(1), published(3)
    shared = first.keys() & third.keys()
    assert len(shared) == 4
    for setting in shared:
        assert (first[setting].max, first[setting].mean, first[setting].median) == (
            third[setting].max,
            third[setting].mean,
            third[setting].median,
        )
