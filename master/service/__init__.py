"""The master itself: its thread, its settings, what it shows, and its lock."""
