"""The master itself: its thread, its settings, its snapshots and metrics, and its lock."""
