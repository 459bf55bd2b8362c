"""Comparison of a one-shot study with a final study: figures, answers, and a page."""
