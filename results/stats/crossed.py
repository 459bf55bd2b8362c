"""Means of values that were observed in every combination of a row and a column.

An example is the score of each search (row) with each of the same seeds (column). The rows have
something in common with the values of their row, and the columns with those of their column, so the
values are neither independent nor are the means of the rows: all of these contain the same
columns. An interval from the means of the rows alone holds for these columns only, and as one for
other columns, too, it is much too short.

Here, rows, columns and what remains each have a variance, as in the two-way analysis of variance
with random effects. The variance of the mean is estimated by the sum of the mean squares of rows
and columns minus that of the rest, which both of them contain. The interval is that of Student's t
with the degrees of freedom of Satterthwaite. It assumes that the effects are normal. Of five rows
of skewed ones, intervals of 95% leave out the mean in about 10% of cases, as does Student's t.

Source: Satterthwaite 1946, Biometrics Bulletin 2, 110-114; Searle, Casella and McCulloch 1992,
Variance Components, Sec. 4.3.
"""

import math

import numpy as np
from scipy.stats import t as student

from results.stats.estimates import LEAST, LEVEL, Estimate, Floats


def crossed_mean(values: Floats, *, level: float = LEVEL) -> Estimate:
    """Return the mean of crossed values, with an interval for other rows and other columns.

    Args:
        values: Shape ``(row, column)``, finite.
        level: Coverage of the interval.

    Returns:
        The mean; its n is the number of rows or of columns, whichever is smaller. It is NaN without
        values; the interval is NaN if n is below `LEAST`.

    Raises:
        ValueError: If ``values`` is not two-dimensional and finite.
    """
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(f"expected finite values of shape (row, column), got shape {values.shape}")
    rows, columns = values.shape
    n = min(rows, columns)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, n)
    mean = float(values.mean())
    if n < LEAST:
        return Estimate(mean, math.nan, math.nan, n)
    of_rows = values.mean(axis=1, keepdims=True) - mean
    of_columns = values.mean(axis=0, keepdims=True) - mean
    rest = values - mean - of_rows - of_columns
    degrees = np.array([rows - 1, columns - 1, (rows - 1) * (columns - 1)])
    sums = [columns * (of_rows**2).sum(), rows * (of_columns**2).sum(), (rest**2).sum()]
    squares = np.array(sums) / degrees
    total = float(squares @ [1, 1, -1])
    uncertainty = float((squares**2 / degrees).sum())
    if uncertainty == 0:
        return Estimate(mean, mean, mean, n)
    # By chance, the rest can exceed what contains it.
    variance = max(total, *squares[:2]) / values.size
    freedom = max(total**2 / uncertainty, n - 1)
    half = float(student.ppf((1 + level) / 2, freedom)) * math.sqrt(variance)
    return Estimate(mean, mean - half, mean + half, n)
