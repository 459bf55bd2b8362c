"""The Numba engine: compiled kernels for the CPU."""
