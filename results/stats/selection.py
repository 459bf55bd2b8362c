"""Selection by a signal: the expected score of the run that is kept, of k that are drawn.

All k-subsets of the runs of a group are equally likely. The best run of C(m, k) of the C(n, k)
subsets is among the m runs with the lowest signals, so the expectation is exact, without drawing
any subset. See `results.stats.best_of`, which selects by the score itself.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import binom

from results.stats.estimates import Floats
from results.stats.weighted import Order, in_parts, through, tie_counts


def expected_scores(signal: Order, scores: Floats, counts: Floats, ks: Sequence[int]) -> Floats:
    """Return the expected score of the run with the highest signal among k of a group.

    Runs with equal signals are equally likely to be kept.

    Args:
        signal: The signal; a high one is preferred.
        scores: Score of each run, shape ``(n,)``.
        counts: How often each resample contains each run, shape ``(resample, n)``.
        ks: Numbers of runs that are drawn without replacement.

    Returns:
        Shape ``(resample, group, k)``; NaN where a group has fewer than k runs.
    """
    return in_parts(lambda part: _expected(signal, scores, part, ks), counts)


def _expected(signal: Order, scores: Floats, counts: Floats, ks: Sequence[int]) -> Floats:
    of_ties = tie_counts(signal, counts)
    sums = np.add.reduceat((counts * scores)[:, signal.order], signal.tie_starts, axis=1)
    means = sums / np.maximum(of_ties, 1.0)
    upto = through(signal, of_ties).astype(np.int64)
    total = np.add.reduceat(of_ties, signal.group_ties, axis=1).astype(np.int64)
    found = []
    for k in ks:
        subsets = binom(np.arange(int(total.max(initial=0)) + 1), k)  # (m,)
        within = subsets[upto]
        of_tie = np.diff(within, axis=1, prepend=0.0)
        of_tie[:, signal.group_ties] = within[:, signal.group_ties]
        weighted = np.add.reduceat(of_tie * means, signal.group_ties, axis=1)
        found.append(weighted / np.where(total >= k, subsets[total], np.nan))
    return np.stack(found, axis=-1)
