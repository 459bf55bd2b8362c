"""Fixtures that the tests of several folders share: a database server, and a store of each kind."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgresql

# Set before PyTorch is imported. Otherwise each of two tests at once starts one thread per core,
# and the threads mostly wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Return the address of a PostgreSQL server that runs as long as the tests."""
    if reason := postgresql.reason_not_to_start():
        pytest.skip(reason)
    with postgresql.server() as address:
        yield address


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a store that does not exist yet; the test runs once per kind of store."""
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql_server")
        return postgresql.create_database(address, f"store{next(_NUMBERS)}")
    return f"sqlite:///{tmp_path / 'store.db'}"
