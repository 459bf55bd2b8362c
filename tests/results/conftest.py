"""Stores for tests, on every kind of database."""

from collections.abc import Iterator

import pytest

from results.store.store import Store


@pytest.fixture
def url(any_url: str) -> str:
    """Return the URL of a store that does not exist yet; tests run once on each kind."""
    return any_url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an open store without studies."""
    with Store.open(url) as opened:
        yield opened
