"""Workers, cores and GPUs of this machine."""
