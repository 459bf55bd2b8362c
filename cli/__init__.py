"""The `dartboard` command."""
