"""Resamples of the runs of a group, and what signals are worth in each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.stats.clustered import correlation_intervals, counts_of_clusters, counts_within
from results.stats.correlations import Kind
from results.stats.estimates import LEAST, Estimate, Floats, percentiles
from results.stats.selection import expected_scores
from results.stats.weighted import (
    Indices,
    Order,
    Ranks,
    coefficients,
    ordered,
    rank_correlation,
    ranks,
)

Scope = Literal["within", "configurations", "overall"]
Mask = NDArray[np.bool_]

RESAMPLES = 2_000
"""Number of resamples of a bootstrap."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Runs in the order of their configurations, or the means of configurations."""

    scope: Scope
    signals: dict[str, Floats]
    """Each signal, NaN where it is missing; shape ``(n,)``."""
    scores: Floats
    """Final scores in dB, shape ``(n,)``."""
    clusters: Indices
    """Index of the first run of each configuration, shape ``(configuration,)``."""

    def starts(self, keep: Mask) -> tuple[Indices, Indices]:
        """Return where the groups of comparable runs, and the configurations, start among some.

        Args:
            keep: The runs, shape ``(n,)``.
        """
        owner = np.repeat(
            np.arange(len(self.clusters)), np.diff(self.clusters, append=len(self.scores))
        )[keep]
        clusters = np.flatnonzero(np.diff(owner, prepend=-1))
        return (clusters if self.scope == "within" else np.zeros(1, dtype=np.int64)), clusters


@dataclass(frozen=True, slots=True)
class Drawn:
    """A statistic of a sample and of its resamples; NaN where undefined."""

    value: float
    draws: Floats
    """Shape ``(resample,)``."""

    def __sub__(self, other: "Drawn") -> "Drawn":
        """Return the difference in each resample."""
        return Drawn(self.value - other.value, self.draws - other.draws)

    def divided_by(self, other: "Drawn") -> "Drawn":
        """Return the ratio in each resample; NaN where the other statistic is not positive."""
        draws = self.draws / np.where(other.draws > 0, other.draws, np.nan)
        return Drawn(self.value / other.value if other.value > 0 else np.nan, draws)

    def correlation(self, n: int) -> Estimate:
        """Return a correlation with its 95% interval; without one if n is below `LEAST`.

        Args:
            n: Number of runs or configurations that the resamples draw.
        """
        if n < LEAST or np.isnan(self.value):
            return Estimate(self.value, np.nan, np.nan, n)
        ends = correlation_intervals(np.array([self.value]), self.draws[:, None], n)
        return Estimate(self.value, float(ends[0, 0]), float(ends[0, 1]), n)

    def estimate(self, n: int) -> Estimate:
        """Return a score or a share with its 95% interval; without one if n is below `LEAST`.

        Args:
            n: Number of runs or configurations that the resamples draw.
        """
        defined = self.draws[np.isfinite(self.draws)]
        if n < LEAST or np.isnan(self.value) or not len(defined):
            return Estimate(self.value, np.nan, np.nan, n)
        low, high = percentiles(defined, n)
        return Estimate(self.value, min(low, self.value), max(high, self.value), n)


@dataclass(frozen=True, slots=True)
class Selected:
    """Expected final scores if several runs are drawn and one of them is kept, in dB."""

    kept: Drawn
    """Score of the run with the best signal."""
    random: Drawn
    """Score of a random run."""
    best: Drawn
    """Score of the best run."""

    @property
    def share(self) -> Drawn:
        """Share of the possible gain that the signal reaches."""
        return (self.kept - self.random).divided_by(self.best - self.random)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """The runs that have a signal, with their scores."""

    signal: Order
    scores: Order
    clusters: Indices


class Bootstrap:
    """Resamples of a sample: runs within configurations, or whole configurations."""

    def __init__(self, sample: Sample, *, resamples: int, seed: int = 0) -> None:
        """Draw the resamples.

        Args:
            sample: The runs.
            resamples: Number of resamples.
            seed: Seed of the bootstrap.
        """
        self.sample = sample
        n, random = len(sample.scores), np.random.default_rng(seed)
        draw = counts_within if sample.scope == "within" else counts_of_clusters
        # The first row is the sample itself.
        self._counts = np.concatenate(
            [np.ones((1, n)), draw(sample.clusters, n, resamples, random)]
        )
        self._pairs: dict[tuple[str, bytes], _Pairs] = {}
        self._spearman: dict[tuple[str, bytes], Drawn] = {}
        self._scores: dict[bytes, Ranks] = {}
        self._possible: dict[bytes, tuple[Floats, Floats]] = {}

    def runs(self, *names: str) -> Mask:
        """Return which runs have all of some signals; shape ``(n,)``."""
        present = [np.isfinite(self.sample.signals[name]) for name in names]
        return np.asarray(np.all(present, axis=0))

    def size(self, keep: Mask) -> tuple[int, int]:
        """Return the numbers of runs and configurations that count among some runs."""
        _, clusters = self.sample.starts(keep)
        sizes = np.diff(clusters, append=keep.sum())
        counted = sizes[sizes >= self._least]
        return int(counted.sum()), len(counted)

    def spearman(self, name: str, keep: Mask) -> Drawn:
        """Return Spearman's correlation of a signal with the score over some runs."""
        key = name, keep.tobytes()
        if key not in self._spearman:
            self._spearman[key] = self._rank_correlation(name, keep)
        return self._spearman[key]

    def _rank_correlation(self, name: str, keep: Mask) -> Drawn:
        if self._is_constant(name, keep):
            return self._undefined
        pairs, counts = self._of(name, keep), self._counts[:, keep]
        if keep.tobytes() not in self._scores:
            self._scores[keep.tobytes()] = ranks(pairs.scores, counts)
        scores = self._scores[keep.tobytes()]
        found = rank_correlation(ranks(pairs.signal, counts), scores, pairs.signal.starts, counts)
        return _mean(found, _sizes(pairs.signal, self._least))

    def correlation(self, name: str, keep: Mask, kind: Kind) -> Drawn:
        """Return a correlation of a signal with the score over some runs.

        It is the mean over the groups of runs, weighted by their runs. Groups of fewer than `LEAST`
        runs of a configuration do not count. If the signal is constant, it is undefined.
        """
        if self._is_constant(name, keep):
            return self._undefined
        pairs = self._of(name, keep)
        one_group = self.sample.scope != "within"
        found = coefficients(
            pairs.signal,
            pairs.scores,
            self._counts[:, keep],
            kind,
            blocks=pairs.clusters if one_group else None,
        )
        return _mean(found, _sizes(pairs.signal, self._least))

    def selected(self, name: str, keep: Mask, ks: Sequence[int]) -> list[Selected]:
        """Return expected final scores if k runs of a group are drawn, and one is kept.

        Groups of fewer than k runs do not count.

        Args:
            name: Name of the signal.
            keep: The runs, which have the signal.
            ks: Numbers of runs that are drawn.
        """
        if not keep.any():
            return [Selected(self._undefined, self._undefined, self._undefined)] * len(ks)
        pairs = self._of(name, keep)
        key = keep.tobytes()
        if key not in self._possible:
            self._possible[key] = self._expected(pairs.scores, pairs.scores.values, keep, ks)
        best, means = self._possible[key]
        kept, _ = self._expected(pairs.signal, pairs.scores.values, keep, ks)
        found = []
        for place, k in enumerate(ks):
            sizes = _sizes(pairs.signal, max(k, self._least))
            found.append(
                Selected(
                    kept=_mean(kept[..., place], sizes),
                    random=_mean(means, sizes),
                    best=_mean(best[..., place], sizes),
                )
            )
        return found

    def _expected(
        self, order: Order, scores: Floats, keep: Mask, ks: Sequence[int]
    ) -> tuple[Floats, Floats]:
        """Return expected scores for each k, and the mean ones; per resample and group."""
        both = expected_scores(order, scores, self._counts[:, keep], [*ks, 1])
        return both[..., :-1], both[..., -1]

    def _is_constant(self, name: str, keep: Mask) -> bool:
        return not keep.any() or bool(np.ptp(self.sample.signals[name][keep]) == 0)

    @property
    def _least(self) -> int:
        return LEAST if self.sample.scope == "within" else 1

    @cached_property
    def _undefined(self) -> Drawn:
        return Drawn(np.nan, np.full(len(self._counts) - 1, np.nan))

    def _of(self, name: str, keep: Mask) -> _Pairs:
        key = name, keep.tobytes()
        if key not in self._pairs:
            starts, clusters = self.sample.starts(keep)
            self._pairs[key] = _Pairs(
                ordered(self.sample.signals[name][keep], starts),
                ordered(self.sample.scores[keep], starts),
                clusters,
            )
        return self._pairs[key]


def sample_of(runs: pd.DataFrame, names: Sequence[str], scope: Scope) -> Sample:
    """Return the runs, or means of configurations, that count in a scope.

    Re-runs of an incumbent count within its configuration only: a study chose it by its score.

    Args:
        runs: Runs as in `results.analysis.signal_runs.RunGroup`.
        names: Columns of the signals.
        scope: The scope.
    """
    columns = ["score", *names]
    if scope == "within":
        sizes = runs.groupby("configuration")["score"].transform("size")
        counted = runs[sizes >= LEAST]
    else:
        counted = runs[~runs["rerun"]]
    counted = counted.sort_values("configuration", kind="stable")
    if scope == "configurations":
        # A mean over some runs of a configuration would be compared with one over all of them.
        grouped = counted.groupby("configuration")[columns]
        counted = grouped.mean().where(grouped.count().eq(grouped.size(), axis=0)).reset_index()
    owner = pd.factorize(counted["configuration"])[0]
    return Sample(
        scope=scope,
        signals={name: counted[name].to_numpy(dtype=np.float64) for name in names},
        scores=counted["score"].to_numpy(dtype=np.float64),
        clusters=np.flatnonzero(np.diff(owner, prepend=-1)),
    )


def _sizes(order: Order, least: int) -> Floats:
    """Return the number of runs of each group, 0 if it has fewer than ``least``."""
    sizes = np.diff(order.starts, append=len(order.values))
    return np.where(sizes >= least, sizes, 0).astype(np.float64)


def _mean(of_groups: Floats, sizes: Floats) -> Drawn:
    """Return the mean over groups, weighted by their runs, of the sample and its resamples.

    Args:
        of_groups: Shape ``(1 + resample, group)``; NaN where undefined.
        sizes: Number of runs of each group, shape ``(group,)``.
    """
    weights = np.where(np.isnan(of_groups), 0.0, sizes)
    total = weights.sum(axis=1)
    mean = (np.nan_to_num(of_groups) * weights).sum(axis=1) / np.where(total > 0, total, np.nan)
    return Drawn(float(mean[0]), mean[1:])
