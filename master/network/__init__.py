"""The port that workers call, and who gets through it."""
