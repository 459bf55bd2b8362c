"""The PyTorch engine: the readable reference, for all devices."""
