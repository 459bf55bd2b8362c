"""What the tests of several folders share: stores of every kind, and a thread for PyTorch."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgresql

# Before PyTorch is imported: two tests at once, each with a thread a core, would wait for each
# other most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Return the address of a PostgreSQL server that runs as long as the tests."""
    if lack := postgresql.missing():
        pytest.skip(lack)
    with postgresql.server() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a store that does not exist yet; one test run on every kind."""
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql_server")
        return postgresql.create_database(address, f"store{next(_NUMBERS)}")
    return f"sqlite:///{tmp_path / 'store.db'}"
