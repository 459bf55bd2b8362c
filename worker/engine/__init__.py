"""What every engine shares: the contract, keyed random numbers, and problems."""
