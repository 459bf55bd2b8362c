"""Entry point of alembic: runs the revisions on the connection of `results.store.database`."""

from alembic import context

from results.store.schema import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
