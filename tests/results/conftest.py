"""Stores to test on, and studies with made-up results in them."""

from collections.abc import Iterator

import pytest

from results.store.store import Store


@pytest.fixture
def url(any_url: str) -> str:
    """Return the URL of a store that does not exist yet; one test run on every kind."""
    return any_url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return a store, open and empty."""
    with Store.open(url) as opened:
        yield opened
