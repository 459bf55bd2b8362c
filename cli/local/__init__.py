"""This machine: its workers, cores, GPUs, clock and signals."""
