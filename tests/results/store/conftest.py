"""A store with a study that has just begun."""

import pytest

from results.store.store import Store
from tests.results.made_up import study


@pytest.fixture
def begun(store: Store) -> Store:
    """Return a store with the study ``blur-final``, which has no evaluation yet."""
    store.begin(study(), {})
    return store
