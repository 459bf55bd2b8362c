from pathlib import Path
from typing import Any

import pytest

from configspace.errors import StudyError
from configspace.hyperparameters import DOMAINS, Interval, Levels
from configspace.settings import Difference
from configspace.study import ArchitectureSettings, Study, load_study

HEAD = 'name = "blur-final"\nobjective = "final"\n'


def loaded(tmp_path: Path, text: str) -> Study:
    path = tmp_path / "study.toml"
    path.write_text(text)
    return load_study(path)


def complaint(tmp_path: Path, text: str) -> str:
    with pytest.raises(StudyError) as caught:
        loaded(tmp_path, text)
    return str(caught.value)


def study(**changes: Any) -> Study:
    return Study.model_validate({"name": "blur", "objective": "final", **changes})


def test_every_key_but_name_and_objective_has_a_default(tmp_path: Path) -> None:
    found = loaded(tmp_path, HEAD)
    assert found == Study(name="blur-final", objective="final")
    assert found.rungs() == (6, 17, 50)
    assert found.domains() == DOMAINS


def test_a_full_study_is_read(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        HEAD
        + """
        seed = 9
        [problem]
        name = "downsampling"
        noise = 0.05
        [architecture]
        operations = "good"
        layers = 4
        [evaluation]
        trials = 5
        aggregate = "median"
        time_limit = "1h"
        memory_limit = "2GiB"
        [bohb]
        iterations = 16
        min_epochs = 1
        max_epochs = 9
        [hyperparameters]
        param_lr = 0.00142
        alpha_lr = [1e-4, 1e-2]
        alpha_optimizer = "adam"
        """,
    )
    assert found.seed == 9
    assert found.problem.name == "downsampling"
    assert found.architecture.layers == 4
    assert found.evaluation.time_limit == 3600
    assert found.evaluation.memory_limit == 2 * 2**30
    assert found.rungs() == (1, 3, 9)
    assert found.domains()["param_lr"] == Levels((0.00142,))
    assert found.domains()["alpha_lr"] == Interval(1e-4, 1e-2)
    assert found.domains()["alpha_optimizer"] == Levels(("adam",))
    assert found.domains()["alpha_weight_decay"] == DOMAINS["alpha_weight_decay"]


@pytest.mark.parametrize(
    ("limit", "seconds"), [("90s", 90), ("30m", 1800), ("1.5 h", 5400), ("2d", 172800)]
)
def test_a_duration_may_have_a_unit(tmp_path: Path, limit: str, seconds: float) -> None:
    found = loaded(tmp_path, HEAD + f'[evaluation]\ntime_limit = "{limit}"')
    assert found.evaluation.time_limit == seconds


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('objective = "final"', ["key 'name' is missing"]),
        ('name = "x"', ["key 'objective' is missing"]),
        ('name = "x"\nobjective = "both"', ["objective", "'one-shot' or 'final'", "'both'"]),
        ('name = "a b"\nobjective = "final"', ["name", "letters, digits", "'a b'"]),
        (HEAD + "[problem]\nnoize = 1", ["unknown key 'problem.noize'", "name, noise, points"]),
        (HEAD + "speed = 1", ["unknown key 'speed'", "name, objective, seed"]),
        (HEAD + '[problem]\nnoise = "loud"', ["problem.noise", "valid number", "'loud'"]),
        (HEAD + "[problem]\nnoise = -1", ["problem.noise", "greater than or equal to 0", "-1"]),
        (HEAD + "[problem]\nnoise = nan", ["problem.noise", "finite"]),
        (HEAD + "[problem]\ntaps = 4", ["problem.taps", "odd", "4"]),
        (HEAD + "[problem]\npoints = 6\ntaps = 7", ["taps (7) must be below points (6)"]),
        (HEAD + "[architecture]\nlayers = 2.5", ["architecture.layers", "integer", "2.5"]),
        (HEAD + "[architecture]\nkernel_size = 4", ["architecture.kernel_size", "3 or 5", "4"]),
        (HEAD + '[architecture]\nspace = "tree"', ["'sequential' or 'cell'", "'tree'"]),
        (HEAD + "[architecture]\nstates = 1", ["architecture.states", "equal to 2", "1"]),
        (HEAD + '[evaluation]\ntime_limit = "soon"', ["evaluation.time_limit", "'90s'", "'soon'"]),
        (HEAD + "[bohb]\nmin_epochs = 60", ["min_epochs (60)", "max_epochs (50)"]),
        (HEAD + "[bohb]\nmax_epochs = 1e308", ["bohb.max_epochs", "1000000", "1e+308"]),
        (HEAD + "[bohb]\neta = 1", ["bohb.eta", "greater than or equal to 2", "1"]),
        (HEAD + "[hyperparameters]\nlr = 1", ["hyperparameters.lr is not known", "param_lr"]),
        (HEAD + "[hyperparameters]\nparam_lr = 2.0", ["param_lr", "values in [1e-05, 1]", "2.0"]),
        (HEAD + "[hyperparameters]\nparam_lr = [1e-2, 1e-3]", ["expected low < high"]),
        (HEAD + "[hyperparameters]\nparam_lr = true", ["param_lr", "a number to fix it", "True"]),
        (HEAD + "[hyperparameters]\nparam_warm_up = 1", ["expected one of true, false, got 1"]),
        (HEAD + '[hyperparameters]\nalpha_optimizer = "sgd"', ['one of "adam"', "'sgd'"]),
        ("name = ", ["is not TOML"]),
    ],
)
def test_a_wrong_study_gets_one_line_that_says_what_is_wrong(
    tmp_path: Path, text: str, parts: list[str]
) -> None:
    line = complaint(tmp_path, text)
    assert "\n" not in line
    assert "study.toml" in line
    for part in parts:
        assert part in line


def test_several_faults_are_counted(tmp_path: Path) -> None:
    line = complaint(tmp_path, HEAD + "[problem]\nnoise = -1\npoints = 1")
    assert line.endswith("(and 1 more)")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"cannot read study file .*No such file"):
        load_study(tmp_path / "none.toml")


def test_a_folder_is_no_study(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot read study file"):
        load_study(tmp_path)


def test_bytes_that_are_no_text_are_no_study(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StudyError, match="not UTF-8"):
        load_study(path)


def test_a_study_survives_json() -> None:
    begun = study(hyperparameters={"param_lr": [1e-4, 1e-2], "param_warm_up": True})
    assert Study.model_validate_json(begun.model_dump_json()) == begun


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"bohb": {"iterations": 3}},
        {"bohb": {"parallel": 3}},
        {"evaluation": {"time_limit": "1m"}},
        {"evaluation": {"memory_limit": "1GB"}},
        {"architecture": {"cells": 3, "states": 4}},
    ],
)
def test_what_changes_no_result_changes_no_digest(change: dict[str, Any]) -> None:
    assert study(**change).digest() == study().digest()
    assert study().differences(study(**change)) == []


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"objective": "one-shot"}, "objective"),
        ({"seed": 1}, "seed"),
        ({"problem": {"noise": 0.2}}, "problem.noise"),
        ({"architecture": {"layers": 3}}, "architecture.layers"),
        ({"architecture": {"space": "cell"}}, "architecture.space"),
        ({"search": {"batches": 3}}, "search.batches"),
        ({"search": {"variant": "darts-single"}}, "search.variant"),
        ({"evaluation": {"trials": 3}}, "evaluation.trials"),
        ({"bohb": {"eta": 2}}, "bohb.eta"),
        ({"hyperparameters": {"param_lr": 0.1}}, "hyperparameters.param_lr"),
    ],
)
def test_what_may_change_a_result_changes_the_digest(change: dict[str, Any], key: str) -> None:
    assert study(**change).digest() != study().digest()
    differences = study().differences(study(**change))
    assert len(differences) == 1
    assert differences[0].key == key


def test_a_study_of_cells_heeds_their_number_and_not_the_layers() -> None:
    def cells(**settings: Any) -> Study:
        return study(architecture={"space": "cell", **settings})

    assert cells(layers=3).digest() == cells().digest()
    assert cells().differences(cells(layers=3)) == []
    assert cells(states=4).digest() != cells().digest()
    assert cells().differences(cells(states=4)) == [
        Difference("architecture.states", expected=5, found=4)
    ]


STUDIES = Path(__file__).parents[2] / "studies"


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("paper/blur-final", "15e977ef2b6714c4"),
        ("paper/blur-one-shot", "635a63f2ff8a097f"),
        ("paper/downsampling-one-shot", "97666b6fb63a7e11"),
        ("quickstart-final", "c1db7dee82bc87b1"),
        ("quickstart-one-shot", "c17170b69ab15d84"),
    ],
)
def test_a_study_of_an_older_version_can_be_gone_on_with(name: str, digest: str) -> None:
    # As these files' digests were before there were cells.
    assert load_study(STUDIES / f"{name}.toml").digest().startswith(digest)


def test_an_edge_is_a_layer_or_a_connection_of_a_cell() -> None:
    assert ArchitectureSettings().edges == 10
    assert ArchitectureSettings(space="cell").edges == 30
    assert ArchitectureSettings(space="cell", cells=1, states=2).edges == 3


def test_a_study_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        study().seed = 3  # type: ignore[misc]
