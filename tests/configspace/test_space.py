from ConfigSpace import CategoricalHyperparameter, Constant, UniformFloatHyperparameter

from configspace.hyperparameters import DOMAINS, Hyperparameters, Interval, Levels
from configspace.space import configuration_space


def test_the_space_has_all_eight_hyperparameters() -> None:
    assert sorted(configuration_space(DOMAINS)) == sorted(DOMAINS)


def test_an_interval_is_searched_on_a_logarithmic_scale() -> None:
    found = configuration_space(DOMAINS)["param_lr"]
    assert isinstance(found, UniformFloatHyperparameter)
    assert (found.lower, found.upper, found.log) == (1e-5, 1.0, True)


def test_levels_have_no_order() -> None:
    found = configuration_space(DOMAINS)["alpha_optimizer"]
    assert isinstance(found, CategoricalHyperparameter)
    assert set(found.choices) == {"adam", "gradient_descent"}


def test_one_level_is_a_constant() -> None:
    space = configuration_space({"param_lr": Levels((0.1,)), "alpha_lr": Interval(1e-5, 0.1)})
    assert isinstance(space["param_lr"], Constant)
    assert space["param_lr"].value == 0.1


def test_a_sample_makes_valid_hyperparameters() -> None:
    space = configuration_space(DOMAINS)
    space.seed(3)
    for drawn in space.sample_configuration(50):
        Hyperparameters.model_validate(dict(drawn))
