"""Stores to test on, and studies with made-up results in them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from results.store import Store


@pytest.fixture(params=["sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a store that does not exist yet; one test run on every kind."""
    return f"{request.param}:///{tmp_path / 'store.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return a store, open and empty."""
    with Store.open(url) as opened:
        yield opened
