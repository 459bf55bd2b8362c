"""What the terminal shows: live display, log lines, words for values."""
