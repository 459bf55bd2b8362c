"""Benchmarks of speed and of agreement with the paper. Run them by hand."""
