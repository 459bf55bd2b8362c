"""Strategies of a search for one architecture: random, Bayesian, and descent by differences."""
