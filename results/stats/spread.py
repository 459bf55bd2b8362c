"""Standard deviation of a sample, with an interval that allows for heavy tails.

The interval of the normal distribution, and the percentiles of a bootstrap, are much too short for
skewed scores. Bonett's uses the kurtosis of the sample; with Student's t, it holds for few values.

Source: Bonett 2006, Computational Statistics & Data Analysis 50, 775-782.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student
from scipy.stats import trim_mean

from results.stats.estimates import LEAST, LEVEL, Estimate, finite


def standard_deviation(values: ArrayLike, *, level: float = LEVEL) -> Estimate:
    """Return the sample standard deviation, with n − 1, and Bonett's interval.

    Args:
        values: Shape ``(n,)``, finite.
        level: Coverage of the interval.

    Returns:
        The deviation; NaN if n is below 2. The interval is NaN if n is below `LEAST`.

    Raises:
        ValueError: If ``values`` is not one-dimensional and finite.
    """
    sample = finite(values)
    n = len(sample)
    if n < 2:
        return Estimate(np.nan, np.nan, np.nan, n)
    value = float(sample.std(ddof=1))
    if n < LEAST:
        return Estimate(value, np.nan, np.nan, n)
    if np.ptp(sample) == 0:
        return Estimate(0.0, 0.0, 0.0, n)
    quantile = float(student.ppf(0.5 + level / 2, n - 1))
    center = trim_mean(sample, 1 / (2 * math.sqrt(n - 4)))
    squares = ((sample - sample.mean()) ** 2).sum()
    kurtosis = float(n * ((sample - center) ** 4).sum() / squares**2)
    small = n / (n - min(quantile, n - 1))  # a correction for few values, Bonett's c
    half = quantile * small * math.sqrt(max(kurtosis - (n - 3) / n, 0.0) / (n - 1))
    middle = math.log(small * value**2)
    low, high = (math.exp((middle + side * half) / 2) for side in (-1, 1))
    return Estimate(value, min(low, value), max(high, value), n)
