"""Statistics of scores: estimates with intervals, correlations, distributions, comparisons."""
