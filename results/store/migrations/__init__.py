"""History of the schema: one alembic revision per change."""
