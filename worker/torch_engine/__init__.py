"""The PyTorch engine: any device, the readable reference."""
