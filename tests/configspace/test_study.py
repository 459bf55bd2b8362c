from pathlib import Path
from typing import Any

import pytest

from configspace.architecture import ArchitectureSettings
from configspace.errors import StudyError
from configspace.hyperparameters import DOMAINS, Interval, Levels
from configspace.settings import Difference
from configspace.space import configuration_space
from configspace.study import Study, load_study

HEAD = 'name = "blur-final"\nobjective = "final"\n'


def loaded(tmp_path: Path, text: str) -> Study:
    path = tmp_path / "study.toml"
    path.write_text(text)
    return load_study(path)


def message(tmp_path: Path, text: str) -> str:
    with pytest.raises(StudyError) as caught:
        loaded(tmp_path, text)
    return str(caught.value)


def study(**changes: Any) -> Study:
    return Study.model_validate({"name": "blur", "objective": "final", **changes})


def test_only_name_and_objective_are_required(tmp_path: Path) -> None:
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
    ("text", "parts"),
    [
        ('objective = "final"', ["key 'name' is missing"]),
        ('name = "x"', ["key 'objective' is missing"]),
        ('name = "x"\nobjective = "both"', ["objective", "'one-shot', 'final'", "'both'"]),
        ('name = "a b"\nobjective = "final"', ["name", "letters, digits", "'a b'"]),
        (HEAD + "[problem]\nnoize = 1", ["unknown key 'problem.noize'", "name, noise, points"]),
        (HEAD + "speed = 1", ["unknown key 'speed'", "name, objective, seed"]),
        (HEAD + '[problem]\nnoise = "loud"', ["problem.noise", "valid number", "'loud'"]),
        (HEAD + "[problem]\nnoise = -1", ["problem.noise", "greater than or equal to 0", "-1"]),
        (HEAD + "[problem]\nnoise = nan", ["problem.noise", "finite"]),
        (HEAD + "[problem]\nnoise = 1e300", ["problem.noise", "less than or equal to 1000000"]),
        (HEAD + "[architecture]\ntau = 1e300", ["architecture.tau", "less than or equal to"]),
        (HEAD + "[architecture]\ntau = 0", ["architecture.tau", "greater than 0"]),
        (HEAD + "[architecture]\noperation_noise = 1e300", ["operation_noise", "less than or eq"]),
        (HEAD + "[search]\nalpha_scale = 1e300", ["search.alpha_scale", "less than or equal"]),
        (HEAD + "[problem]\ntaps = 4", ["problem.taps", "odd", "4"]),
        (
            HEAD + "[problem]\npoints = 6\ntaps = 7",
            ["problem: expected taps below points (6), got 7"],
        ),
        (HEAD + "[problem]\nfactor = 51", ["problem: expected factor up to points (50), got 51"]),
        (
            HEAD + '[architecture]\nspace = "cell"\ncustom = ["a:B"]',
            ["architecture: expected space 'sequential' with custom operations, got 'cell'"],
        ),
        (
            HEAD + '[architecture]\ncustom = ["a:B", "a:B"]',
            ["custom: expected each operation once, got 'a:B' twice"],
        ),
        (HEAD + "[architecture]\nlayers = 2.5", ["architecture.layers", "integer", "2.5"]),
        (HEAD + "[architecture]\nkernel_size = 4", ["architecture.kernel_size", "3 or 5", "4"]),
        (HEAD + '[architecture]\nspace = "tree"', ["'sequential' or 'cell'", "'tree'"]),
        (HEAD + "[architecture]\nstates = 1", ["architecture.states", "equal to 2", "1"]),
        (HEAD + '[evaluation]\ntime_limit = "soon"', ["evaluation.time_limit", "'90s'", "'soon'"]),
        (
            HEAD + "[bohb]\nmin_epochs = 60",
            ["expected bohb.min_epochs up to bohb.max_epochs (50), got 60"],
        ),
        (HEAD + "[bohb]\nmax_epochs = 1e308", ["bohb.max_epochs", "1000000", "1e+308"]),
        (HEAD + "[bohb]\neta = 1", ["bohb.eta", "greater than or equal to 2", "1"]),
        (HEAD + "[bohb]\neta = 2000000", ["bohb.eta", "equal to 1000000", "2000000"]),
        (
            HEAD + "[bohb]\nmin_epochs = 1e-320",
            ["expected rungs that differ, got [", "raise min_epochs"],
        ),
        (HEAD + "[search]\nbatches = 2000000", ["search.batches", "equal to 1000000", "2000000"]),
        (
            HEAD + "[hyperparameters]\nlr = 1",
            ["unknown key 'hyperparameters.lr'", "known"],
        ),
        (HEAD + "[hyperparameters]\nparam_lr = 2.0", ["param_lr", "values in [1e-05, 1]", "2.0"]),
        (HEAD + "[hyperparameters]\nparam_lr = [1e-2, 1e-3]", ["expected low < high"]),
        (
            HEAD + "[hyperparameters]\nparam_lr = [0.01, 0.0100000000000001]",
            ["param_lr", "at least 1.00001 times the low", "name one number to fix"],
        ),
        (HEAD + "[hyperparameters]\nparam_lr = true", ["param_lr", "a number to fix it", "True"]),
        (HEAD + "[hyperparameters]\nparam_warm_up = 1", ["expected one of true, false, got 1"]),
        (HEAD + '[hyperparameters]\nalpha_optimizer = "sgd"', ['one of "adam"', "'sgd'"]),
        ("name = ", ["is not TOML"]),
    ],
)
def test_an_error_is_one_line_with_its_cause(tmp_path: Path, text: str, parts: list[str]) -> None:
    line = message(tmp_path, text)
    assert "\n" not in line
    assert "study.toml" in line
    for part in parts:
        assert part in line


def test_several_errors_are_counted(tmp_path: Path) -> None:
    line = message(tmp_path, HEAD + "[problem]\nnoise = -1\npoints = 1")
    assert line.endswith("(and 1 more)")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"cannot read study file .*No such file"):
        load_study(tmp_path / "none.toml")


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
        {"evaluation": {"signals": ["short", "eigenvalue"]}},
        {"evaluation": {"short_fraction": 0.3}},
        {"architecture": {"cells": 3, "states": 4}},
    ],
)
class TestASettingThatDecidesNoResult:
    def test_leaves_the_digest(self, change: dict[str, Any]) -> None:
        assert study(**change).digest() == study().digest()

    def test_is_not_a_difference(self, change: dict[str, Any]) -> None:
        assert study().differences(study(**change)) == []


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"objective": "one-shot"}, "objective"),
        ({"objective": "eigenvalue-max"}, "objective"),
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
class TestASettingThatDecidesResults:
    def test_changes_the_digest(self, change: dict[str, Any], key: str) -> None:
        assert study(**change).digest() != study().digest()

    def test_is_a_difference(self, change: dict[str, Any], key: str) -> None:
        assert [one.key for one in study().differences(study(**change))] == [key]


def random_search(**settings: Any) -> Study:
    return study(search={"variant": "rs-ws", "rs_ws": settings})


def test_a_random_search_uses_its_settings() -> None:
    assert random_search(batches=5).digest() != random_search().digest()
    assert random_search().differences(random_search(batches=5)) == [
        Difference("search.rs_ws.batches", expected=10, found=5)
    ]


def test_other_variants_ignore_the_random_search() -> None:
    other = study(search={"rs_ws": {"batches": 5}})
    assert other.digest() == study().digest()
    assert study().differences(other) == []


def test_a_random_search_has_no_eigenvalue() -> None:
    with pytest.raises(ValueError, match=r"expected no 'eigenvalue' with search\.variant 'rs-ws'"):
        study(search={"variant": "rs-ws"}, evaluation={"signals": ["eigenvalue"]})


def test_a_selecting_search_depends_on_its_retraining() -> None:
    tenth, third = (
        study(search={"variant": "best-of-four"}, evaluation={"short_fraction": fraction})
        for fraction in (0.1, 0.3)
    )
    assert tenth.digest() != third.digest()
    assert tenth.differences(third) == [Difference("evaluation.short_fraction", 0.1, 0.3)]


@pytest.mark.parametrize(
    ("variant", "key"), [("r-darts-l2", "weight_decays"), ("r-darts-dp", "drop_paths")]
)
def test_only_one_variant_uses_a_ladder(variant: str, key: str) -> None:
    one, other = (study(search={"variant": variant, key: [top]}) for top in (0.1, 0.2))
    assert one.digest() != other.digest()
    assert [found.key for found in one.differences(other)] == [f"search.{key}"]
    plain = study(search={key: [0.1]})
    assert plain.digest() == study().digest()
    assert study().differences(plain) == []


def test_there_are_enough_architectures_for_the_finalists() -> None:
    with pytest.raises(ValueError, match=r"up to architectures \(5\), got 6"):
        random_search(architectures=5, finalists=6)


def test_a_short_objective_depends_on_its_fraction() -> None:
    tenth, third = (
        study(objective="short", evaluation={"short_fraction": fraction}) for fraction in (0.1, 0.3)
    )
    assert tenth.digest() != third.digest()
    assert tenth.differences(third) == [Difference("evaluation.short_fraction", 0.1, 0.3)]


def test_a_recorded_short_signal_keeps_its_fraction() -> None:
    tenth, third = (
        study(evaluation={"signals": ["short"], "short_fraction": fraction})
        for fraction in (0.1, 0.3)
    )
    assert tenth.digest() == third.digest()
    assert [one.key for one in tenth.differences(third)] == ["evaluation.short_fraction"]


def test_an_objective_turns_its_signal_on() -> None:
    assert study(objective="eigenvalue-max").requests == ("eigenvalue",)
    assert study(evaluation={"signals": ["second-final"]}).requests == ("second-final",)


def test_a_ratio_of_eigenvalues_needs_two_means() -> None:
    with pytest.raises(ValueError, match="at least 11 epochs, got one of 6"):
        study(objective="eigenvalue-ratio")
    study(objective="eigenvalue-ratio", bohb={"min_epochs": 16})


def test_a_rule_that_can_never_stop_is_an_error() -> None:
    with pytest.raises(ValueError, match="'darts-es' can stop a search of 15 epochs"):
        study(search={"variant": "darts-es"}, bohb={"max_epochs": 15})
    study(search={"variant": "darts-es"})


def test_the_hessian_counts_where_it_decides() -> None:
    every = {"hessian": {"every": 1}}
    assert study().digest() == study(search=every).digest()
    for objective, variant in (("eigenvalue", "darts"), ("final", "darts-ada")):
        decided = study(objective=objective, search={"variant": variant})
        changed = study(objective=objective, search={"variant": variant, **every})
        assert decided.digest() != changed.digest()
        assert [one.key for one in decided.differences(changed)] == ["search.hessian.every"]


def test_one_column_has_the_eigenvalues_of_one_hessian() -> None:
    recorded, plain = {"evaluation": {"signals": ["eigenvalue"]}}, study()
    other = {"search": {"hessian": {"loss": "psnr"}}}
    changed = study(**recorded, **other)
    keys = [one.key for one in study(**recorded).differences(changed)]
    assert keys == ["search.hessian.loss"]
    assert study(**recorded).digest() == changed.digest() == plain.digest()
    assert plain.differences(changed) == []


def test_early_stopping_has_no_ratio_to_tune_on() -> None:
    with pytest.raises(ValueError, match="expected no 'eigenvalue-ratio'"):
        study(objective="eigenvalue-ratio", search={"variant": "darts-es"}, bohb={"min_epochs": 17})


@pytest.mark.parametrize("name", ["inherited", "eigenvalue-max", "shorts"])
def test_only_signals_on_request_can_be_listed(tmp_path: Path, name: str) -> None:
    line = message(tmp_path, HEAD + f"[evaluation]\nsignals = ['{name}']")
    assert "'short', 'second-final' or 'eigenvalue'" in line
    assert f"got {name!r}" in line


def test_random_search_has_no_alpha_to_tune_on(tmp_path: Path) -> None:
    line = message(tmp_path, "name='a'\nobjective='entropy'\n[search]\nvariant='rs-ws'")
    assert "expected one of one-shot, inherited, short, second-final, final" in line
    assert "got 'entropy'" in line
    assert study(objective="short", search={"variant": "rs-ws"}).requests == ("short",)


def test_an_unknown_objective_lists_the_known_ones(tmp_path: Path) -> None:
    line = message(tmp_path, "name = 'a'\nobjective = 'accuracy'")
    assert "'one-shot', 'final', 'inherited'" in line
    assert "got 'accuracy'" in line


def test_signals_are_a_list(tmp_path: Path) -> None:
    line = message(tmp_path, HEAD + "[evaluation]\nsignals = 'short'")
    assert "key 'evaluation.signals': input should be a list, got 'short'" in line


@pytest.mark.parametrize("fraction", [0, 1.1])
def test_a_short_fraction_is_a_fraction(tmp_path: Path, fraction: float) -> None:
    line = message(tmp_path, HEAD + f"[evaluation]\nshort_fraction = {fraction}")
    assert "evaluation.short_fraction" in line


def cells(**settings: Any) -> Study:
    return study(architecture={"space": "cell", **settings})


def test_the_cell_space_ignores_the_layers() -> None:
    assert cells(layers=3).digest() == cells().digest()
    assert cells().differences(cells(layers=3)) == []


def test_the_cell_space_uses_the_states() -> None:
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
def test_a_study_file_keeps_its_digest(name: str, digest: str) -> None:
    # The digests from before there were cells: studies in older stores must resume.
    assert load_study(STUDIES / f"{name}.toml").digest().startswith(digest)


def test_an_edge_of_the_sequential_space_is_a_layer() -> None:
    assert ArchitectureSettings().edges == 10


def test_an_edge_of_a_cell_connects_two_states() -> None:
    assert ArchitectureSettings(space="cell").edges == 30
    assert ArchitectureSettings(space="cell", cells=1, states=2).edges == 3


def test_a_study_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        study().seed = 3  # type: ignore[misc]


@pytest.mark.parametrize("low", [1e-8, 1.3e-8, 1e-5, 0.0999])
def test_the_narrowest_range_is_a_space(low: float) -> None:
    begun = study(hyperparameters={"param_weight_decay": [low, low * 1.0000101]})
    assert "param_weight_decay" in configuration_space(begun.domains())
