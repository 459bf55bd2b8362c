"""Access to the rows of a store."""

import sqlalchemy as sa

from results.store.schema import evaluations
from results.store.store import Store


def only_row(store: Store, table: sa.Table = evaluations) -> sa.RowMapping:
    """Return the only row of a table."""
    with store.reading() as connection:
        return connection.execute(table.select()).mappings().one()


def count(store: Store, table: sa.Table) -> int:
    """Return the number of rows of a table."""
    with store.reading() as connection:
        return len(connection.execute(table.select()).all())
