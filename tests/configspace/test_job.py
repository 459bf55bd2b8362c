import json
from typing import Any

import numpy as np
import pytest

from configspace.architecture import ArchitectureSettings
from configspace.errors import WireError
from configspace.hyperparameters import Hyperparameters
from configspace.job import Curve, EvaluationId, Failure, Job, Outcome, Trial, loss, trial_seed
from configspace.search import SearchSettings
from configspace.study import ProblemSettings

ID = EvaluationId(configuration=(2, 0, 5), epochs=17)
JOB = Job(
    study="made-up",
    id=ID,
    objective="final",
    problem=ProblemSettings(),
    architecture=ArchitectureSettings(layers=2),
    search=SearchSettings(),
    hyperparameters=Hyperparameters(),
    epochs=17,
    seeds=(3, 2**63 - 1),
    time_limit=60.0,
)
CURVE = Curve(phase="search", train_loss=(0.2, 0.1), psnr=(7.0, 10.0))
TRIALS = tuple(
    Trial(
        seed=seed,
        one_shot_psnr=psnr,
        architecture=("cnn", "roll"),
        architecture_psnr=psnr + 1,
        search_seconds=1.5,
        retrain_seconds=0.5,
        curves=(CURVE,),
    )
    for seed, psnr in zip(JOB.seeds, (20.0, 23.0), strict=True)
)
OUTCOME = Outcome(id=ID, trials=TRIALS, engine="torch", device="cpu")
FAILURE = Failure(id=ID, kind="time-limit", message="took longer than 60 s")


def wire(message: Job | Outcome | Failure = OUTCOME) -> dict[str, Any]:
    return message.to_wire()


def changed_trial(**changes: Any) -> dict[str, Any]:
    payload = wire()
    payload["trials"][0] |= changes
    return payload


@pytest.mark.parametrize("message", [ID, JOB, OUTCOME, FAILURE], ids=lambda m: type(m).__name__)
def test_a_message_survives_the_wire(message: Job | Outcome | Failure) -> None:
    assert type(message).from_wire(json.loads(json.dumps(message.to_wire()))) == message


def built_in(value: object) -> bool:
    match value:
        case dict():
            return all(type(key) is str and built_in(inner) for key, inner in value.items())
        case list():
            return all(built_in(inner) for inner in value)
        case _:
            return value is None or type(value) in (str, int, float, bool)


@pytest.mark.parametrize("message", [JOB, OUTCOME, FAILURE], ids=lambda m: type(m).__name__)
def test_a_wire_form_has_only_built_in_types(message: Job | Outcome | Failure) -> None:
    assert built_in(message.to_wire())


def fixed(**changes: Any) -> Job:
    payload = JOB.to_wire() | {"architectures": [["cnn", "roll"], ["cnn", "cnn"]], **changes}
    return Job.from_wire(payload)


@pytest.mark.parametrize("change", [{"objective": "one-shot"}, {"seeds": [1, 2, 3]}])
def test_given_architectures_need_seeds_and_objective(change: dict[str, Any]) -> None:
    with pytest.raises(WireError, match="expected one per seed, and the objective 'final'"):
        fixed(**change)


@pytest.fixture
def trained() -> Outcome:
    """Return an outcome of ``fixed()``, which has no one-shot PSNR."""
    trials = [trial.model_copy(update={"one_shot_psnr": None}) for trial in TRIALS]
    trials[1] = trials[1].model_copy(update={"architecture": ("cnn", "cnn")})
    return OUTCOME.model_copy(update={"trials": tuple(trials)})


def test_given_architectures_need_no_one_shot_psnr(trained: Outcome) -> None:
    trained.check_against(fixed())


def test_a_search_needs_a_one_shot_psnr(trained: Outcome) -> None:
    with pytest.raises(WireError, match="has no one-shot PSNR"):
        trained.check_against(JOB)


def test_trained_architectures_are_the_given_ones(trained: Outcome) -> None:
    with pytest.raises(WireError, match="expected the architectures of the job, got others"):
        trained.check_against(fixed(architectures=[["cnn", "roll"], ["cnn", "roll"]]))


@pytest.mark.parametrize("number", [np.float64(1.0), np.float32(1.0)])
def test_a_numpy_scalar_is_refused_unless_a_float(number: Any) -> None:
    payload = changed_trial(one_shot_psnr=number)
    if isinstance(number, float):
        assert type(Outcome.from_wire(payload).trials[0].one_shot_psnr) is float
    else:
        with pytest.raises(WireError, match="float32"):
            Outcome.from_wire(payload)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    with pytest.raises(WireError, match="one_shot_psnr"):
        Outcome.from_wire(changed_trial(one_shot_psnr=number))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"one_shot_psnr": "20"}, "number"),
        ({"one_shot_psnr": True}, "number"),
        ({"seed": 1.5}, "integer"),
        ({"architecture": "cnn"}, "tuple|array"),
        ({"speed": 9}, "unknown key 'trials.0.speed'"),
    ],
)
def test_a_wrong_type_or_an_unknown_key_is_refused(changes: Any, message: str) -> None:
    with pytest.raises(WireError, match=message):
        Outcome.from_wire(changed_trial(**changes))


@pytest.mark.parametrize("payload", [None, 3, "x", [], {}, {"id": 1}, object()])
def test_a_payload_that_is_not_a_message_is_refused(payload: object) -> None:
    with pytest.raises(WireError, match="expected a valid outcome"):
        Outcome.from_wire(payload)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_beyond_63_bits_is_refused(seed: int) -> None:
    with pytest.raises(WireError, match="seeds"):
        Job.from_wire(wire(JOB) | {"seeds": [seed]})


def test_an_outcome_fits_its_job() -> None:
    OUTCOME.check_against(JOB)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"id": EvaluationId(configuration=(2, 0, 6), epochs=17)},
            r"expected .*5\)@17, got .*6\)@17",
        ),
        ({"trials": TRIALS[:1]}, "expected the seeds of the job, got others"),
        ({"trials": TRIALS[::-1]}, "expected the seeds of the job, got others"),
    ],
)
def test_an_outcome_of_another_job_is_refused(changes: Any, message: str) -> None:
    with pytest.raises(WireError, match=message):
        OUTCOME.model_copy(update=changes).check_against(JOB)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": ("cnn",)}, "architecture of 2 operations, got 1"),
        ({"one_shot_psnr": None}, "trial 3 has no one-shot PSNR"),
        ({"architecture_psnr": None}, "trial 3 has no architecture PSNR"),
    ],
)
def test_an_incomplete_trial_is_refused(changes: Any, message: str) -> None:
    trials = (TRIALS[0].model_copy(update=changes), TRIALS[1])
    with pytest.raises(WireError, match=message):
        OUTCOME.model_copy(update={"trials": trials}).check_against(JOB)


def test_a_one_shot_outcome_needs_no_architecture_psnr() -> None:
    trials = tuple(trial.model_copy(update={"architecture_psnr": None}) for trial in TRIALS)
    job = JOB.model_copy(update={"objective": "one-shot"})
    OUTCOME.model_copy(update={"trials": trials}).check_against(job)


def test_the_loss_is_minus_the_aggregated_psnr() -> None:
    assert loss(OUTCOME, "one-shot", "mean") == -21.5
    assert loss(OUTCOME, "final", "mean") == -22.5
    assert loss(OUTCOME, "final", "median") == -22.5
    assert loss(OUTCOME, "final", "max") == -24.0


def with_signal(name: str, *values: float) -> Outcome:
    trials = [
        trial.model_copy(update={"signals": {name: value}})
        for trial, value in zip(TRIALS, values, strict=False)
    ]
    return OUTCOME.model_copy(update={"trials": (*trials, *TRIALS[len(trials) :])})


def test_a_low_signal_is_a_low_loss() -> None:
    outcome = with_signal("eigenvalue_max", 0.5, 0.25)
    assert loss(outcome, "eigenvalue-max", "mean") == 0.375
    assert loss(outcome, "eigenvalue-max", "median") == 0.375
    assert loss(outcome, "eigenvalue-max", "max") == 0.25  # the best one


def test_a_high_signal_is_a_low_loss() -> None:
    assert loss(with_signal("short", 18.0, 19.0), "short", "max") == -19.0


def test_every_trial_needs_its_objective() -> None:
    job = JOB.model_copy(update={"objective": "entropy"})
    with_signal("entropy", 1.0, 1.2).check_against(job)
    with pytest.raises(WireError, match=f"trial {JOB.seeds[1]} has no entropy"):
        with_signal("entropy", 1.0).check_against(job)


def test_a_job_measures_what_its_objective_needs() -> None:
    job = JOB.model_copy(update={"objective": "short", "signals": ("eigenvalue",)})
    assert job.requests == ("short", "eigenvalue")


def test_a_trial_seed_is_a_fixed_63_bit_number() -> None:
    assert trial_seed(0, ID, 0) == trial_seed(0, ID, 0)
    assert 0 <= trial_seed(0, ID, 0) < 2**63


def test_no_two_trials_share_a_seed() -> None:
    seeds = {
        trial_seed(study, EvaluationId.model_validate(values), index)
        for study in (0, 1)
        for values in (
            {"configuration": (2, 0, 5), "epochs": 17},
            {"configuration": (2, 0, 5), "epochs": 50},
            {"configuration": (2, 0, 6), "epochs": 17},
            {"configuration": (2, 1, 5), "epochs": 17},
            {"configuration": (3, 0, 5), "epochs": 17},
            {"configuration": (2, 0, 5), "epochs": 17, "purpose": "rerun"},
            {"configuration": (2, 0, 5), "epochs": 17, "purpose": "rerun", "part": 1},
        )
        for index in range(10)
    }
    assert len(seeds) == 2 * 7 * 10


def test_an_id_reads_as_configuration_at_epochs() -> None:
    assert str(ID) == "(2, 0, 5)@17"
    rerun = EvaluationId(configuration=(2, 0, 5), epochs=50, purpose="rerun", part=3)
    assert str(rerun) == "(2, 0, 5)@50 rerun 3"
