from pathlib import Path

import pytest

from configspace.campaign import Campaign, load_campaign
from configspace.errors import CampaignError
from configspace.hyperparameters import Hyperparameters

CUSTOM = """
[configurations.mine]
param_lr = 0.5
param_weight_decay = 1e-7
param_warm_up = true
alpha_lr = 0.01
alpha_weight_decay = 1e-3
alpha_warm_up = false
alpha_scheduler = "none"
alpha_optimizer = "adam"
"""


def loaded(tmp_path: Path, text: str) -> Campaign:
    path = tmp_path / "campaign.toml"
    path.write_text(f'name = "small"\n{text}')
    return load_campaign(path)


def test_a_name_is_enough_for_one_default_condition(tmp_path: Path) -> None:
    (condition,) = loaded(tmp_path, "").conditions
    assert condition.name == "sequential-all-blur-darts-H1"
    assert condition.study == "small/sequential-all-blur-darts-H1"
    assert (condition.trials, condition.epochs, condition.preset) == (75, 50, "H1")
    assert condition.hyperparameters == Hyperparameters.preset("H1")


def test_lists_multiply(tmp_path: Path) -> None:
    text = """
        problems = ["blur", "downsampling"]
        operations = ["good", "all"]
        methods = ["darts", "random"]
        hyperparameters = ["H1", "H2", "BOHB-Blur"]
    """
    conditions = loaded(tmp_path, text).conditions
    assert len(conditions) == 2 * 2 * 2 * 3
    shown = {(c.problem.name, c.architecture.operations, c.method, c.preset) for c in conditions}
    assert len(shown) == 24


def test_grids_add_up_and_inherit_missing_keys(tmp_path: Path) -> None:
    text = """
        trials = 8
        problems = ["blur", "downsampling"]
        [[grid]]
        operations = ["good"]
        methods = ["darts", "nets-only"]
        [[grid]]
        trials = 3
    """
    conditions = loaded(tmp_path, text).conditions
    made = [(c.architecture.operations, c.problem.name, c.method, c.trials) for c in conditions]
    assert made == [
        ("good", "blur", "darts", 8),
        ("good", "blur", "nets-only", 8),
        ("good", "downsampling", "darts", 8),
        ("good", "downsampling", "nets-only", 8),
        ("all", "blur", "darts", 3),
        ("all", "downsampling", "darts", 3),
    ]


def test_common_settings_reach_every_condition(tmp_path: Path) -> None:
    text = """
        seed = 5
        epochs = 2
        problems = ["blur", "downsampling"]
        [problem]
        noise = 0.2
        [architecture]
        layers = 3
        [search]
        batches = 4
        [evaluation]
        trials = 6
        time_limit = "2h"
    """
    for condition in loaded(tmp_path, text).conditions:
        assert (condition.seed, condition.epochs, condition.problem.noise) == (5, 2, 0.2)
        assert (condition.architecture.layers, condition.search.batches) == (3, 4)
        assert (condition.evaluation.trials, condition.evaluation.time_limit) == (6, 7200)


def test_custom_configurations_join_the_presets(tmp_path: Path) -> None:
    conditions = loaded(tmp_path, 'hyperparameters = ["mine", "H2"]' + CUSTOM).conditions
    assert [condition.preset for condition in conditions] == ["mine", "H2"]
    assert conditions[0].hyperparameters.param_lr == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trails = 3", "unknown key 'trails'; known keys: spaces, problems"),
        ("trials = 0", "key 'trials': input should be greater than or equal to 1, got 0"),
        ("methods = []", "key 'methods'"),
        ('methods = ["dart"]', "key 'methods.0': input should be 'darts'"),
        ('methods = ["given"]', "key 'methods.0': input should be 'darts'"),
        ('methods = "darts"', "key 'methods'"),
        ('problems = ["blurr"]', "[problem] name: expected 'blur'"),
        ('spaces = ["conditions"]', "[architecture] key 'space'"),
        ("[architecture]\nlayer = 2", "[architecture] unknown key 'layer'"),
        ('[problem]\nname = "blur"', "list its values under 'problems'"),
        ('[search]\nvariant = "darts"', "list its values under 'methods'"),
        ('hyperparameters = ["H3"]', "hyperparameters: expected one of H1, H2, "),
        ("[[grid]]\n[[grid]]", "got 'sequential-all-blur-darts-H1' twice"),
        ("grid = []", "expected at least one condition"),
        ('hyperparameters = ["mine"]\n[configurations.mine]\nparam_lr = 1', "missing"),
        ('hyperparameters = ["mine"]' + CUSTOM.replace("0.5", '"0.5"'), "configurations.mine: key"),
        ("[evaluation]\naggregate = 1", "unknown key 'evaluation.aggregate'"),
    ],
)
def test_an_error_is_one_line_with_the_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CampaignError) as caught:
        loaded(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "campaign.toml"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="cannot read campaign file"):
        load_campaign(tmp_path / "none.toml")


def test_a_condition_has_the_digest_of_its_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["/nowhere"])
    (tmp_path / "mine.py").write_text("# waves\n")
    path = tmp_path / "campaign.toml"
    path.write_text('name = "c"\nproblems = ["mine:Waves"]\n')
    (condition,) = load_campaign(path).conditions
    assert condition.problem.source is not None
    (tmp_path / "mine.py").write_text("# other waves\n")
    (other,) = load_campaign(path).conditions
    assert other.digest() != condition.digest()


def test_an_error_keeps_its_advice(tmp_path: Path) -> None:
    with pytest.raises(CampaignError) as caught:
        loaded(tmp_path, '[problem]\nname = "blur"')
    assert caught.value.advice == "list its values under 'problems'"


SURROGATE = """
methods = ["darts", "rs-ws"]
trials = 3
[surrogate]
architectures = 5
batches = 2
"""


def test_a_surrogate_campaign_trains_what_supernets_score(tmp_path: Path) -> None:
    random, *searches = loaded(tmp_path, SURROGATE).conditions
    assert (random.name, random.method) == ("sequential-all-blur-random-H1", "random")
    assert (random.trials, random.evaluation.signals) == (5, ("second-final",))
    assert [condition.method for condition in searches] == ["darts", "rs-ws"]
    for condition in searches:
        assert condition.trials == 3
        assert condition.candidates is not None
        assert condition.candidates.architectures == random.fixed_architectures(range(5))
        assert condition.candidates.batches == 2


def test_candidates_do_not_change_a_search(tmp_path: Path) -> None:
    _, darts, _ = loaded(tmp_path, SURROGATE).conditions
    plain = darts.model_copy(update={"candidates": None})
    assert darts.trial_seeds(range(3)) == plain.trial_seeds(range(3))
    (found,) = plain.differences(darts)
    assert found.text("there", "here") == (
        "surrogate: 'none' there, '5 architectures on 2 batches' here"
    )


def test_each_space_and_problem_has_its_own_architectures(tmp_path: Path) -> None:
    text = 'spaces = ["sequential", "cell"]\nproblems = ["blur", "downsampling"]\n' + SURROGATE
    conditions = loaded(tmp_path, text).conditions
    assert len(conditions) == 4 * 3
    shown = {c.candidates.architectures for c in conditions if c.candidates is not None}
    assert len(shown) == 4


def test_a_surrogate_campaign_lists_searches_only(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match=r"expected searches, since \[surrogate\] is"):
        loaded(tmp_path, 'methods = ["random"]\n[surrogate]')
