"""Which worker has which evaluation: leases, the roster of workers, and the exchange of events."""
