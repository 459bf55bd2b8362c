"""A study: one BOHB run that tunes the hyperparameters of DARTS, described by a TOML file."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from configspace.architecture import ArchitectureSettings
from configspace.bohb import BohbSettings
from configspace.custom import is_custom, source_digest
from configspace.errors import StudyError
from configspace.evaluation import EvaluationSettings
from configspace.files import read_settings
from configspace.hyperparameters import DOMAINS, Domain, narrowed
from configspace.rungs import rungs
from configspace.search import SearchSettings
from configspace.search_checks import check_search
from configspace.settings import (
    Count,
    Difference,
    Digest,
    Factor,
    PlainName,
    Positive,
    Section,
    Seed,
    Taps,
    first_problem,
    flat,
)
from configspace.signals import Objective, Request, requests_of, signal_of


def _problem(value: str) -> str:
    if value not in ("blur", "downsampling") and not is_custom(value):
        raise ValueError(
            "expected 'blur', 'downsampling', or a custom problem as 'package.module:Class'"
        )
    return value


FILE_KEYS = {"architecture.own": "architecture.custom"}
"""Keys of a study's file, by the stored keys that differ from them."""


_FREE_OF_RESULTS = {"time_limit", "memory_limit", "signals"}
"""Keys of ``[evaluation]`` that may change without changing a result."""


class ProblemSettings(Section):
    """``[problem]``: the inverse problem y = A x + noise that the networks solve (Sec. 5.1)."""

    name: Annotated[str, AfterValidator(_problem)] = "blur"
    """The problem: ``blur``, ``downsampling``, or a custom problem as ``package.module:Class``.

    Default ``blur``: the easier of the paper's two problems, and the one of most of its tables.
    """
    noise: Factor = 0.1
    """Standard deviation of the measurement noise, in the signal's units.

    Default 0.1: the value of the paper's Table 5. The 0.01 of its Sec. 5.1 does not reproduce
    its Table 1.
    """
    points: Annotated[int, Field(ge=4, le=512)] = 50
    """Number of samples of a signal, equally spaced on [−π/2, π/2]. Default 50, as in Sec. 5.1."""
    sigma: Positive = 0.2
    """Standard deviation of the Gaussian blur, in the units of the interval [−π/2, π/2].

    Default 0.2: the paper does not state a value. At 50 points it is about three samples.
    """
    taps: Taps = 7
    """Number of taps of the blur's kernel, odd and less than ``points``. Default 7: the paper does
    not state a value."""
    factor: Count = 4
    """Subsampling factor of ``downsampling``: after the blur, every ``factor``-th sample is kept.

    Default 4, as in Sec. 5.1. Other problems ignore it.
    """
    source: Digest | None = None
    """SHA-256 of the file of a custom problem, as 64 hexadecimal digits.

    By default it is computed when the study is loaded. If the study file states it, loading
    checks that the file has not changed.
    """

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.taps >= self.points:
            raise ValueError(f"expected taps below points ({self.points}), got {self.taps}")
        if self.factor > self.points:
            raise ValueError(f"expected factor up to points ({self.points}), got {self.factor}")
        if self.source is not None and not is_custom(self.name):
            raise ValueError(f"source: expected none, since the problem {self.name!r} is built in")
        return self

    def identified(self) -> Self:
        """Return the same settings with the source digest of a custom problem filled in.

        Raises:
            StudyError: If the problem's file cannot be found, or its digest is not the stated one.
        """
        if not is_custom(self.name):
            return self
        found = source_digest(self.name)
        if self.source not in (None, found):
            raise StudyError(
                f"problem.source: expected the SHA-256 {self.source}, got {found} for the file of "
                f"{self.name!r}",
                advice="restore that file, or put the new digest into a study with another name",
            )
        return self.model_copy(update={"source": found})


class Study(Section):
    """A study file, parsed and checked."""

    name: PlainName
    """The study's name in the store: letters, digits, ``.``, ``_`` and ``-``. Required."""
    objective: Objective
    """What BOHB tunes on: ``one-shot`` is the PSNR of the supernet after the search, ``final`` that
    of the retrained architecture, and each other value one of the signals. A PSNR or a likelihood
    is maximized, any other signal minimized. Required."""
    seed: Seed = 0
    """Seed of the study, in [0, 2^63); every sampled configuration and every trial's seed follows
    from it. Default 0."""
    problem: ProblemSettings = ProblemSettings()
    """The inverse problem, ``[problem]``."""
    architecture: ArchitectureSettings = ArchitectureSettings()
    """The search space and its operations, ``[architecture]``."""
    search: SearchSettings = SearchSettings()
    """The search method, ``[search]``."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """Seeds and limits of an evaluation, ``[evaluation]``."""
    bohb: BohbSettings = BohbSettings()
    """The optimizer, ``[bohb]``."""
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    """Hyperparameters that are fixed to a value or narrowed to ``[low, high]``,
    ``[hyperparameters]``. Default: none, so that all eight are free in the paper's ranges."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _ = self.domains(), self.rungs()
        self.architecture.check_variant(self.search.variant)
        check_search(self.search, self.objective, self.evaluation.signals, self.rungs())
        return self

    def domains(self) -> dict[str, Domain]:
        """Return each hyperparameter's domain in this study, in the paper's order.

        Raises:
            ValueError: If ``[hyperparameters]`` names an unknown one, or a value is not in its
                range.
        """
        for name in self.hyperparameters:
            if name not in DOMAINS:
                raise ValueError(
                    f"unknown key 'hyperparameters.{name}'; known keys: {', '.join(DOMAINS)}"
                )
        return {
            name: narrowed(name, domain, self.hyperparameters[name])
            if name in self.hyperparameters
            else domain
            for name, domain in DOMAINS.items()
        }

    def rungs(self) -> tuple[int, ...]:
        """Return the budgets in whole epochs, smallest first."""
        return rungs(self.bohb.min_epochs, self.bohb.max_epochs, self.bohb.eta)

    @property
    def requests(self) -> tuple[Request, ...]:
        """Measurements to make for the objective and for ``[evaluation] signals``."""
        return requests_of(self.objective, self.evaluation.signals)

    @property
    def _decided_by_short(self) -> bool:
        """Whether short retrainings decide results."""
        return self.objective == "short" or self.search.selects

    @property
    def _trains_short(self) -> bool:
        """Whether there are short retrainings, if only for a signal."""
        return "short" in self.requests or self.search.selects

    def digest(self) -> str:
        """Return a hash of everything that decides a result.

        It leaves out the name, the number of iterations, the parallelism, the limits, the signals
        to record, and the settings that the search space ignores: they may change without changing
        a result.
        """
        settings = self.model_dump(
            mode="json",
            exclude={
                "name": True,
                "problem": set() if self.problem.source else {"source"},
                "architecture": self.architecture.unused,
                "search": self._unused_of_search,
                "bohb": {"iterations", "parallel"},
                "evaluation": _FREE_OF_RESULTS
                | (set() if self._decided_by_short else {"short_fraction"}),
            },
        )
        canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def _unused_of_search(self) -> set[str]:
        by_eigenvalue = signal_of(self.objective).request == "eigenvalue"
        return self.search.unused - ({"hessian"} if by_eigenvalue else set())

    def differences(self, other: "Study") -> list[Difference]:
        """Return the settings in which another study's results may differ from this one's.

        Args:
            other: The study whose values are the ``found`` ones.
        """
        expected, found = flat(self.model_dump(mode="json")), flat(other.model_dump(mode="json"))
        free = {"name", "bohb.iterations", "bohb.parallel"}
        free |= {f"evaluation.{key}" for key in _FREE_OF_RESULTS}
        if not (self._trains_short and other._trains_short):
            free.add("evaluation.short_fraction")
        unused = self.architecture.unused & other.architecture.unused
        free |= {f"architecture.{key}" for key in unused}
        unused = self._unused_of_search & other._unused_of_search
        if "eigenvalue" in self.requests and "eigenvalue" in other.requests:
            unused -= {"hessian"}  # one column would have two signals
        free |= {f"search.{key}" for key in unused}
        tables = tuple(f"search.{key}." for key in unused)
        return [
            Difference(FILE_KEYS.get(key, key), expected.get(key), found.get(key))
            for key in {**expected, **found}
            if key not in free
            and not key.startswith(tables)
            and expected.get(key) != found.get(key)
        ]


def load_study(path: Path) -> Study:
    """Read a study from a TOML file.

    Raises:
        StudyError: If the file cannot be read or parsed, or a setting is wrong; one line that
            names the file, the key, what was expected and what came.
    """
    settings = read_settings(path, "study", StudyError)
    try:
        study = Study.model_validate(settings)
    except ValidationError as error:
        raise StudyError(f"{path}: {first_problem(error, Study)}") from error
    return study.model_copy(
        update={
            "problem": study.problem.identified(),
            "architecture": study.architecture.identified(),
        }
    )
