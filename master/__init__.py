"""Decides: BOHB, its brackets and sampler, leases, and resuming."""
