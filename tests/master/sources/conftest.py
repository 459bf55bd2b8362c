"""A store with a small study."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from results.store.store import Store
from tests.master.sources.fixed_jobs import STUDY


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        store.begin(STUDY, {})
        yield store


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """Return another store, which is empty."""
    with Store.open(f"sqlite:///{tmp_path}/other.db") as store:
        yield store
