"""What all engines share: the contract, initial values, keyed random numbers, and problems."""
