"""How a store's tables came to be: one alembic revision a change."""
