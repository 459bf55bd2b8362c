"""A custom problem: recover signals with one jump from averages of neighboring samples."""

import numpy as np


class Steps:
    """x has one level up to a random position and another after it; y averages five samples."""

    def __init__(self, settings):
        """Build A from the study's [problem] table, of which `points` and `noise` are used."""
        n, width, stride = settings.points, 5, 2
        starts = range(0, n - width + 1, stride)
        windows = [np.eye(n)[start : start + width].sum(axis=0) for start in starts]
        self.matrix = np.array(windows) / width  # A, shape (m, n)
        self.noise = settings.noise  # standard deviation of the noise on y

    def signals(self, generator):
        """Draw signals of shape (trial, step, n, batch)."""
        levels = generator.normal(2)  # N(0, 1), shape (trial, step, 2, batch)
        jump = generator.uniform(1)  # U(0, 1), shape (trial, step, 1, batch)
        position = np.linspace(0, 1, self.matrix.shape[1])[:, None]  # (n, 1)
        return np.where(position < jump, levels[:, :, :1], levels[:, :, 1:])
