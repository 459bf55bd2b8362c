"""Stored results as tidy pandas frames."""
