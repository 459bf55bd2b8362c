"""Evaluation of a job: the choice of an engine, and the trials that it computes."""
