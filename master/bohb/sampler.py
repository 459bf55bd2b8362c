"""BOHB's sampler: configurations from a model of past outcomes, or at random.

This is the density-ratio model of hpbandster's BOHB generator (Falkner et al. 2018, Sec. 3.2),
with four differences: it works on whole arrays, its random numbers are keyed by the
configuration, the model depends on the set of outcomes and not on their order, and a failure is
an error.
"""

import logging
import math
from bisect import bisect, insort
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace, Constant
from hpbandster.core.base_config_generator import base_config_generator
from numpy.typing import NDArray

from configspace.bohb import BohbSettings
from configspace.hyperparameters import Value
from configspace.job import ConfigurationId
from master.bohb.axes import axis
from master.bohb.density import Density, Floats

log = logging.getLogger(__name__)

_TINY = 1e-32
"""Smaller densities are raised to this one, as in hpbandster."""


Merit = tuple[float, ConfigurationId]
"""Key that ranks outcomes: by loss, and by id for equal losses."""


@dataclass(slots=True)
class Observations:
    """All outcomes on one budget."""

    merits: list[Merit] = field(default_factory=list)
    """Merits of all outcomes except the newest, best first."""
    vectors: Floats | None = None
    """Configurations of the outcomes in ``merits``, shape ``(observation, dimension)``."""
    new: list[tuple[Merit, list[float]]] = field(default_factory=list)
    """Newest outcomes with their vectors, in order of arrival."""

    def __len__(self) -> int:
        return len(self.merits) + len(self.new)

    def ranked(self) -> Floats:
        """Return all vectors, best first, after sorting in the newest."""
        self.new.sort()
        places = [bisect(self.merits, merit) for merit, _ in self.new]
        vectors = np.array([vector for _, vector in self.new])
        if self.vectors is None:
            self.vectors = vectors
        elif self.new:
            self.vectors = np.insert(self.vectors, places, vectors, axis=0)
        for merit, _ in self.new:
            insort(self.merits, merit)
        self.new.clear()
        return self.vectors


@dataclass(frozen=True, slots=True)
class Model:
    """Densities of the good and of the bad observations, with the data they were fitted to."""

    budget: float
    observations: int
    good: Density
    bad: Density


class Sampler(base_config_generator):  # type: ignore[misc]  # hpbandster is untyped
    """Samples configurations of a space. The model leaves out fixed hyperparameters."""

    def __init__(self, space: ConfigurationSpace, settings: BohbSettings, seed: int) -> None:
        super().__init__(logger=log)
        self._settings = settings
        self._seed = seed
        self._fixed = {h.name: h.value for h in space.values() if isinstance(h, Constant)}
        self._free = [axis(h) for h in space.values() if not isinstance(h, Constant)]
        self._levels: NDArray[np.int64] = np.array(
            [axis.levels for axis in self._free], dtype=np.int64
        )
        self._min_points = max(settings.min_points, len(self._free) + 1)
        self._observations: dict[float, Observations] = {}
        self._model: Model | None = None

    def get_config(
        self, budget: float, configuration: ConfigurationId
    ) -> tuple[dict[str, Value], dict[str, Any]]:
        """Sample a configuration as a function of its id, the seed and the outcomes so far.

        Args:
            budget: First budget of the configuration; only the log uses it.
            configuration: Id of the configuration.

        Returns:
            The values of the configuration, of built-in types, and whether the model picked it.
        """
        random = np.random.default_rng([self._seed, *configuration])
        at_random = random.random() < self._settings.random_fraction
        model = None if at_random else self.model()
        if model is None:
            vector = np.where(
                self._levels > 0,
                random.integers(np.maximum(self._levels, 1)),
                random.random(len(self._free)),
            )
        else:
            vector = self._best_candidate(model, random)
        log.debug("configuration %s for %g epochs: %s", configuration, budget, vector)
        return self._values(vector), {"model_based_pick": model is not None}

    def new_result(self, job: Any, update_model: bool = True) -> None:  # noqa: ARG002
        """Record an outcome. The model is fitted again when it is next used.

        Args:
            job: hpbandster's job. A result of None is a crash, and counts as bad.
            update_model: Part of hpbandster's interface, without effect here.
        """
        super().new_result(job)
        observations = self._observations.setdefault(job.kwargs["budget"], Observations())
        loss = math.inf if job.result is None else job.result["loss"]
        vector = [axis.entry(job.kwargs["config"][axis.name]) for axis in self._free]
        observations.new.append(((loss, job.id), vector))

    def model(self) -> Model | None:
        """Return the model of the largest budget with enough outcomes, or None."""
        for budget in sorted(self._observations, reverse=True):
            observations = self._observations[budget]
            good, bad = self._split(len(observations))
            if min(good, bad) > len(self._free) > 0:
                break
        else:
            return None
        known = self._model
        if known is None or (known.budget, known.observations) != (budget, len(observations)):
            vectors = observations.ranked()
            self._model = known = Model(
                budget,
                len(observations),
                self._fit(vectors[:good]),
                self._fit(vectors[good : good + bad]),
            )
        return known

    def _fit(self, vectors: Floats) -> Density:
        return Density.fit(vectors, self._levels, min_bandwidth=self._settings.min_bandwidth)

    def _split(self, n: int) -> tuple[int, int]:
        top = self._settings.top_percent
        good = min(n, max(self._min_points, int(top * n // 100)))
        return good, min(n - good, max(self._min_points, int((100 - top) * n // 100)))

    def _best_candidate(self, model: Model, random: np.random.Generator) -> Floats:
        candidates = model.good.draw(
            random,
            self._settings.candidates,
            bandwidth_factor=self._settings.bandwidth_factor,
        )
        good, bad = model.good(candidates), model.bad(candidates)
        best = int(np.argmin(np.maximum(bad, _TINY) / np.maximum(good, _TINY)))
        vector: Floats = candidates[best]
        return vector

    def _values(self, vector: Floats) -> dict[str, Value]:
        entries = zip(self._free, vector.tolist(), strict=True)
        return self._fixed | {axis.name: axis.value(entry) for axis, entry in entries}
