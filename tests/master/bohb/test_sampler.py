"""The sampler draws as hpbandster's does, and is a pure function of its outcomes."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from configspace.bohb import BohbSettings
from configspace.hyperparameters import DOMAINS, Domain, Interval, Levels, Value
from configspace.space import configuration_space
from master.bohb.density import Density
from master.bohb.sampler import Sampler
from tests.master.bohb.stock import stock_generator

SPACE = configuration_space(DOMAINS)
MODEL_ONLY = BohbSettings(random_fraction=0.0)


def sampler(
    settings: BohbSettings = MODEL_ONLY,
    seed: int = 0,
    domains: dict[str, Domain] = DOMAINS,
) -> Sampler:
    return Sampler(configuration_space(domains), settings, seed)


def recorded(count: int, budget: int = 9, seed: int = 1) -> list[Any]:
    """Return results of random configurations that like a small `alpha_lr` and Adam."""
    source = sampler(seed=seed)
    jobs = []
    for index in range(count):
        values, _ = source.get_config(budget, (index, 0, 0))
        loss = abs(np.log10(values["alpha_lr"]) + 4) - 0.4 * (values["alpha_optimizer"] == "adam")
        jobs.append(
            SimpleNamespace(
                id=(index, 0, 0),
                kwargs={"budget": budget, "config": values},
                result={"loss": float(loss)},
                exception=None,
            )
        )
    return jobs


def trained(jobs: list[Any], **options: Any) -> Sampler:
    trained = sampler(**options)
    for job in jobs:
        trained.new_result(job)
    return trained


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:After 0.17 or January 2028:FutureWarning")
def test_samples_are_distributed_as_hpbandster_s(monkeypatch: pytest.MonkeyPatch) -> None:
    # Few candidates, since stock takes 1 ms for each, but thousands of draws.
    draws, candidates = 2000, 4
    history = recorded(120)
    ours = trained(history, settings=BohbSettings(random_fraction=0.0, candidates=candidates))
    stock = stock_generator(SPACE, monkeypatch, num_samples=candidates, random_fraction=0.0)
    for job in history:
        stock.new_result(job, update_model=job is history[-1])
    for density in (model := stock.kde_models[9]).values():  # every level occurs in both
        assert all(len(set(density.data[:, d])) == n for d, n in enumerate(stock.vartypes) if n)
    assert len(model["good"].data) == 18

    np.random.seed(0)  # noqa: NPY002  # stock knows no other randomness
    stock_draws = [stock.get_config(9) for _ in range(draws)]
    our_draws = [ours.get_config(9, (1000, 0, index)) for index in range(draws)]
    assert all(info["model_based_pick"] for _, info in [*stock_draws, *our_draws])
    for name, domain in DOMAINS.items():
        a: list[Any] = [values[name] for values, _ in our_draws]
        b: list[Any] = [values[name] for values, _ in stock_draws]
        if isinstance(domain, Interval):
            p = float(stats.ks_2samp(a, b).pvalue)
        else:
            counts = [[sample.count(level) for level in domain.values] for sample in (a, b)]
            p = float(stats.fisher_exact(np.array(counts)).pvalue)
        # Eight tests: one below 1e-3 / 8 would say that the distributions differ.
        assert p > 1e-3 / 8, f"{name}: p = {p:.2g}"


def test_the_model_finds_what_is_good() -> None:
    picked = [trained(recorded(200)).get_config(9, (500, 0, i))[0] for i in range(30)]
    assert np.mean([values["alpha_optimizer"] == "adam" for values in picked]) > 0.7


@pytest.mark.parametrize("random_fraction", [0.0, 1.0])
def test_values_are_not_numpy_scalars(random_fraction: float) -> None:
    source = trained(recorded(40), settings=BohbSettings(random_fraction=random_fraction))
    for index in range(20):
        values, info = source.get_config(9, (100, 0, index))
        assert {type(value) for value in values.values()} == {float, bool, str}
        assert type(info["model_based_pick"]) is bool


def test_a_failing_model_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise FloatingPointError("no bandwidth")

    source = trained(recorded(40))
    monkeypatch.setattr(Density, "fit", fail)
    with pytest.raises(FloatingPointError, match="no bandwidth"):
        source.get_config(9, (100, 0, 0))


def test_the_order_of_outcomes_does_not_matter() -> None:
    jobs = recorded(60)
    for job in jobs:
        job.result["loss"] = round(job.result["loss"])  # with many equal losses
    forwards, backwards = trained(jobs), trained(jobs[::-1])
    assert forwards.get_config(9, (100, 0, 0)) == backwards.get_config(9, (100, 0, 0))


def test_outcomes_after_a_fit_count() -> None:
    jobs = recorded(60)
    asked_before = trained(jobs[:40])
    asked_before.get_config(9, (99, 0, 0))
    for job in jobs[40:]:
        asked_before.new_result(job)
    assert asked_before.get_config(9, (100, 0, 0)) == trained(jobs).get_config(9, (100, 0, 0))


def test_the_model_is_fitted_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[int] = []
    fit = Density.fit

    def counted(data: Any, *arguments: Any, **named: Any) -> Density:
        fits.append(len(data))
        return fit(data, *arguments, **named)

    monkeypatch.setattr(Density, "fit", counted)
    source = trained(recorded(60))
    assert fits == []
    source.get_config(9, (100, 0, 0))
    source.get_config(9, (100, 0, 1))
    assert len(fits) == 2  # the good and the bad, once


def test_another_configuration_or_seed_is_another_sample() -> None:
    values, _ = sampler().get_config(1, (0, 0, 0))
    assert sampler().get_config(1, (0, 0, 0))[0] == values
    assert sampler().get_config(1, (0, 0, 1))[0] != values
    assert sampler(seed=1).get_config(1, (0, 0, 0))[0] != values


def test_the_model_uses_the_largest_sufficient_budget() -> None:
    source = trained([*recorded(60, budget=3), *recorded(17, budget=9, seed=2)])
    model = source.model()
    assert model is not None
    assert model.budget == 3
    for job in recorded(1, budget=9, seed=3):
        source.new_result(job)
    model = source.model()
    assert model is not None
    assert model.budget == 9


def test_a_crash_counts_as_bad() -> None:
    jobs = recorded(40)
    jobs[7].result = None
    model = trained(jobs).model()
    assert model is not None
    worst = model.bad.data[-1]
    expected = [h.to_vector(jobs[7].kwargs["config"][h.name]) for h in SPACE.values()]
    np.testing.assert_allclose(worst, expected)


def test_fixed_values_stay_out_of_the_model() -> None:
    fixed: dict[str, Value] = {"alpha_lr": 1e-3, "alpha_warm_up": True}
    domains = DOMAINS | {name: Levels((value,)) for name, value in fixed.items()}
    source = sampler(domains=domains)
    jobs = [
        SimpleNamespace(
            id=(index, 0, 0),
            kwargs={"budget": 9, "config": source.get_config(9, (index, 0, 0))[0]},
            result={"loss": float(index)},
            exception=None,
        )
        for index in range(30)
    ]
    source = trained(jobs, domains=domains)
    values, info = source.get_config(9, (100, 0, 0))
    model = source.model()
    assert model is not None
    assert model.good.data.shape[1] == 6
    assert info["model_based_pick"]
    assert {name: values[name] for name in fixed} == fixed
    assert values.keys() == DOMAINS.keys()


def test_with_everything_fixed_there_is_no_model() -> None:
    domains: dict[str, Domain] = {"alpha_lr": Levels((1e-3,))}
    jobs = recorded(20)
    assert trained(jobs, domains=domains).get_config(9, (50, 0, 0)) == (
        {"alpha_lr": 1e-3},
        {"model_based_pick": False},
    )


def test_values_stay_within_their_ranges() -> None:
    source = sampler(settings=BohbSettings(random_fraction=1.0))
    for index in range(300):
        values, _ = source.get_config(1, (index, 0, 0))
        for name, domain in DOMAINS.items():
            if isinstance(domain, Interval):
                assert domain.low <= float(values[name]) <= domain.high
