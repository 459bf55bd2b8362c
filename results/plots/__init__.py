"""Figures of studies, trials and architectures."""
