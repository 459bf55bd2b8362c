"""Output for people: live display, log lines, tables, files."""
