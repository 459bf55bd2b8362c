"""Recover signals with a jump from the means of their neighboring samples."""

import numpy as np


class Steps:
    """x is one level up to a place and another after it; y has every second mean of five."""

    def __init__(self, settings):
        """Build A from the study's [problem] settings, of which `points` and `noise` are used."""
        n, width, keep = settings.points, 5, 2
        starts = range(0, n - width + 1, keep)
        windows = [np.eye(n)[start : start + width].sum(axis=0) for start in starts]
        self.matrix = np.array(windows) / width  # A, shape (m, n)
        self.noise = settings.noise  # standard deviation of the noise on y

    def signals(self, generator):
        """Draw signals, shape (trial, step, n, batch): a number of each kind for each sample."""
        levels = generator.normal(2)  # N(0, 1), shape (trial, step, 2, batch)
        place = generator.uniform(1)  # U(0, 1), shape (trial, step, 1, batch)
        position = np.linspace(0, 1, self.matrix.shape[1])[:, None]  # (n, 1)
        return np.where(position < place, levels[:, :, :1], levels[:, :, 1:])
