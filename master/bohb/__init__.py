"""BOHB: brackets of successive halving, the sampler, and its kernel densities."""
