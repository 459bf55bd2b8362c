"""The master, which decides what is evaluated: BOHB, leases, resuming."""
