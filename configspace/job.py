"""The work that crosses the wire: a `Job` to a worker, an `Outcome` or a `Failure` back.

Each has a wire form, a plain dict of JSON's types. A job carries everything that decides its
result, so a worker needs no state.
"""

import hashlib
import json
import re
import statistics
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from configspace.architecture import ArchitectureSettings
from configspace.errors import WireError
from configspace.foreign_text import ForeignText
from configspace.hyperparameters import Hyperparameters
from configspace.phases import phases_of
from configspace.search import SearchSettings
from configspace.settings import Seed, first_problem
from configspace.signals import Objective, Request, Signal, requests_of, signal_of
from configspace.study import ProblemSettings
from configspace.surrogate import Candidates

ConfigurationId = tuple[int, int, int]
"""BOHB's name of a configuration: (iteration, rung at which it entered, index)."""

Purpose = Literal["study", "rerun", "campaign"]
"""Why an evaluation runs: for BOHB, to re-run an incumbent on fresh seeds, or for a condition."""


class Message(BaseModel):
    """A frozen value with a wire form of built-in types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def to_wire(self) -> dict[str, Any]:
        """Return this message as a dict of JSON's types."""
        return self.model_dump(mode="json")

    @classmethod
    def from_wire(cls, payload: object) -> Self:
        """Parse a wire form.

        Raises:
            WireError: If a key is missing or unknown, a type is wrong, or a number is not finite
                or not of a built-in type.
        """
        try:
            return cls.model_validate_json(json.dumps(payload), strict=True)
        except (TypeError, ValueError) as error:
            reason = first_problem(error, cls) if isinstance(error, ValidationError) else str(error)
            words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cls.__name__).lower()
            raise WireError(f"expected a valid {words}: {reason}") from error


class EvaluationId(Message):
    """The name of an evaluation within a study."""

    configuration: ConfigurationId
    epochs: Annotated[int, Field(ge=1)]
    purpose: Purpose = "study"
    part: Annotated[int, Field(ge=0)] = 0
    """Index of the share of a re-run's seeds, or its `single_part`; in a condition the index of its
    first trial; always 0 for BOHB's evaluations."""

    def __str__(self) -> str:
        if self.purpose == "campaign":  # a condition has one configuration
            return f"trials from {self.part}@{self.epochs}"
        name = "({}, {}, {})@{}".format(*self.configuration, self.epochs)
        return name if self.purpose == "study" else f"{name} {self.purpose} {self.part}"


class Job(Message):
    """One evaluation to run: one configuration on one budget, for a batch of trial seeds."""

    study: str
    id: EvaluationId
    objective: Objective
    problem: ProblemSettings
    architecture: ArchitectureSettings
    search: SearchSettings
    hyperparameters: Hyperparameters
    epochs: Annotated[int, Field(ge=1)]
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)]
    time_limit: float
    memory_limit: int | None = None
    signals: tuple[Request, ...] = ()
    """Measurements to make in addition to those that the objective needs."""
    short_fraction: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Epochs of a short retraining, as a fraction of ``epochs``."""
    architectures: tuple[tuple[str, ...], ...] | None = None
    """One architecture per seed, each one operation per edge; if given, they are trained without a
    search."""
    candidates: Candidates | None = None
    """Architectures that the supernet of each seed scores after its search."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.architectures is None:
            return self
        if self.candidates is not None:
            raise ValueError("candidates: expected none, since there is no search")
        if self.objective != "final" or len(self.architectures) != len(self.seeds):
            raise ValueError(
                "architectures: expected one per seed, and the objective 'final', since there is "
                "no search"
            )
        return self

    @property
    def requests(self) -> tuple[Request, ...]:
        """All measurements to make, with those that the objective needs."""
        return requests_of(self.objective, self.signals)

    @property
    def phases(self) -> dict[str, int]:
        """Cost of each phase of this evaluation, in their order, in epochs per trial."""
        search = self.search if self.architectures is None else None
        return phases_of(search, self.objective, self.requests, self.epochs, self.short_fraction)


class Curve(Message):
    """The course of one phase of one trial; every sequence has one value per epoch."""

    phase: Literal["search", "retrain"]
    train_loss: tuple[float, ...]
    """Mean squared error of the training batches, each before its step. In a search by
    DARTS-single it is the mean of the two trainings that precede the search; in random search with
    weight sharing the batches train random architectures."""
    psnr: tuple[float, ...]
    """Mean PSNR in dB on fresh signals. In a search these are the batches of the α steps; in a
    retraining they are the training batches, which are fresh too, each scored before its step. In
    the second-order search, the batch of an α step is scored by the weights after the unrolled
    step. Random search with weight sharing has no α steps: these are its training batches, each
    scored before its step with the random architecture that it trains."""
    validation_loss: tuple[float, ...] | None = None
    """Mean squared error of the batches of the α steps; only in a search with α, as the rest."""
    entropy: tuple[float, ...] | None = None
    """Mean entropy of softmax(α) over the edges, in nats, at the end of the epoch."""
    alpha_norm: tuple[float, ...] | None = None
    """Largest Euclidean norm of an edge's α at the end of the epoch."""
    plasticity_sup: tuple[tuple[float, ...], ...] | None = None
    """Largest absolute α of each cell, or of each layer of the sequential space, at the end of the
    epoch."""
    plasticity_edge: tuple[tuple[float, ...], ...] | None = None
    """Largest Euclidean norm of an edge's centered α in each cell or layer, as above."""
    eigenvalue: tuple[float | None, ...] | None = None
    """Dominant eigenvalue of the Hessian by α of the validation loss at the end of the epoch; None
    in epochs without a measurement."""


class CandidateScores(Message):
    """What one supernet says of a job's candidates; one value each, in their order."""

    psnr: tuple[float | None, ...]
    """PSNR in dB with the weights of the supernet; None if it is not finite."""
    alpha_likelihood: tuple[float, ...] | None = None
    """Log-likelihood under softmax(α); None after a search without α."""


class Trial(Message):
    """The result of one DARTS run from one seed; PSNRs in dB."""

    seed: int
    one_shot_psnr: float | None
    """PSNR of the supernet after the search; None if a fixed architecture was trained."""
    architecture: tuple[ForeignText, ...]
    """Operation selected on each edge; in the sequential space, on each layer."""
    architecture_psnr: float | None = None
    """PSNR of the retrained architecture; None if it was not retrained."""
    signals: dict[str, float] = {}
    """Signals by name, and ``chosen_search``, see `configspace.signals`; of a fixed architecture,
    only those of its retrainings. A signal that is not finite is left out."""
    search_seconds: float | None = None
    """Wall time of the batch's search, divided by the number of its trials."""
    retrain_seconds: float | None = None
    """Wall time of the batch's retraining, divided by the number of its trials."""
    signal_seconds: float | None = None
    """Wall time of the batch's short and second retraining, divided by the number of its trials;
    None without either."""
    curves: tuple[Curve, ...] = ()
    candidates: CandidateScores | None = None
    """Scores of the job's candidates; None without candidates."""

    def value_of(self, signal: Signal) -> float | None:
        """Return a signal, or the final score; None if the trial does not have it."""
        match signal.name:
            case "one_shot":
                return self.one_shot_psnr
            case "final":
                return self.architecture_psnr
        return self.signals.get(signal.name)


class Outcome(Message):
    """The result of a finished evaluation: its trials, in the order of the job's seeds."""

    id: EvaluationId
    trials: tuple[Trial, ...]
    engine: ForeignText
    device: ForeignText

    def check_against(self, job: Job) -> None:
        """Check that this is the outcome of ``job``.

        Raises:
            WireError: If it belongs to another job, or a trial or a score is missing.
        """
        if self.id != job.id:
            raise WireError(f"expected the outcome of {job.id}, got that of {self.id}")
        if tuple(trial.seed for trial in self.trials) != job.seeds:
            raise WireError(f"outcome of {job.id}: expected the seeds of the job, got others")
        if job.architectures is not None and job.architectures != tuple(
            trial.architecture for trial in self.trials
        ):
            raise WireError(
                f"outcome of {job.id}: expected the architectures of the job, got others"
            )
        edges = job.architecture.edges
        for trial in self.trials:
            if len(trial.architecture) != edges:
                raise WireError(
                    f"outcome of {job.id}: expected an architecture of {edges} operations, "
                    f"got {len(trial.architecture)}"
                )
            if job.architectures is None and trial.one_shot_psnr is None:
                raise WireError(f"outcome of {job.id}: trial {trial.seed} has no one-shot PSNR")
            if job.candidates is not None and (
                trial.candidates is None
                or len(trial.candidates.psnr) != len(job.candidates.architectures)
            ):
                raise WireError(
                    f"outcome of {job.id}: expected a score of each of "
                    f"{len(job.candidates.architectures)} candidates in trial {trial.seed}"
                )
            signal = signal_of(job.objective)
            if trial.value_of(signal) is None:
                raise WireError(f"outcome of {job.id}: trial {trial.seed} has no {signal.label}")


MESSAGE_CHARACTERS = 2000
"""Most characters that are kept of the message of a failure."""


def _shortened(message: object) -> object:
    return message[:MESSAGE_CHARACTERS] if isinstance(message, str) else message


FailureKind = Literal[
    "exception", "exit", "non-finite", "time-limit", "memory-limit", "memory-error", "signal"
]


class Failure(Message):
    """Why an evaluation ended without an outcome."""

    id: EvaluationId
    kind: FailureKind
    message: Annotated[ForeignText, BeforeValidator(_shortened)]
    """Reason, of at most `MESSAGE_CHARACTERS` characters before it is cleaned."""


def loss(
    outcome: Outcome, objective: Objective, aggregate: Literal["mean", "median", "max"]
) -> float:
    """Return the aggregated objective of an evaluation's trials, negated if high values are good.

    Args:
        outcome: A finished evaluation, already checked against its job.
        objective: What counts: the final score, or a signal.
        aggregate: How the trials' values become one: ``mean``, ``median`` or ``max``; the last one
            takes the best value, which is the lowest if low values are good.

    Returns:
        The loss, in the unit of the objective.
    """
    signal = signal_of(objective)
    values = [trial.value_of(signal) for trial in outcome.trials]
    losses = [-signal.direction * value for value in values if value is not None]
    match aggregate:
        case "mean":
            return statistics.fmean(losses)
        case "median":
            return statistics.median(losses)
        case _:
            return min(losses)


def single_part(part: int, index: int) -> int:
    """Return the part of a re-run's seed that is run alone, because its part crashed.

    Args:
        part: The crashed part.
        index: Index of the seed in that part.
    """
    return 1_000_000 + 1000 * part + index


def trial_seed(study_seed: int, id: EvaluationId, index: int) -> int:
    """Return the seed of an evaluation's ``index``-th trial, in [0, 2^63).

    It is a hash of (study seed, configuration, epochs, index). Re-runs hash in a separate domain,
    so that their seeds are fresh.
    """
    iteration, rung, number = id.configuration
    text = f"{id.purpose} {study_seed} {iteration} {rung} {number} {id.epochs} {id.part} {index}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
