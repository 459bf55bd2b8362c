"""Figures of studies, by what they draw."""

from pathlib import Path

import numpy as np
import pytest

from configspace.errors import StoreError
from configspace.hyperparameters import LABELS
from results.frames.study import Frames, load
from results.plots.study import anytime_figure, budgets_figure, search_figure, trials_figure
from results.store.store import Store
from tests.results.made_up import filled, id_of, run, study
from tests.results.plots.pictures import clouds, legend, title


@pytest.fixture
def studies(tmp_path: Path) -> list[Frames]:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, trials=2)
        filled(store, "two", "final", seed=2, trials=2)
        filled(store, "three", "final", seed=3, trials=2)
    return [load(url, name) for name in ("one", "two", "three")]


@pytest.mark.slow
def test_an_anytime_curve_has_one_panel_per_objective(studies: list[Frames]) -> None:
    one_shot, final = anytime_figure(studies).axes
    assert title(one_shot) == "Best observed one-shot PSNR"
    assert title(final) == "Best observed architecture PSNR"
    assert (len(one_shot.get_lines()), len(final.get_lines())) == (1, 2)
    assert one_shot.get_xlim()[0] == 0


def test_an_anytime_curve_ends_at_the_incumbents_score(studies: list[Frames]) -> None:
    axes = anytime_figure(studies[1:2]).axes[0]
    heights = np.asarray(axes.get_lines()[0].get_ydata())
    done = studies[1].evaluations.query("epochs == 50")
    assert heights[-1] == done["psnr"].max()
    assert (np.diff(heights) >= 0).all()


def test_the_legend_of_an_anytime_curve_has_n(studies: list[Frames]) -> None:
    axes = anytime_figure(studies[1:2]).axes[0]
    best = studies[1].evaluations.query("epochs == 50")["psnr"].max()
    assert legend(axes)[0].startswith(f"two: {best:.2f} dB, n = 3 on 50 epochs; ")
    assert axes.get_xlabel() == "cost (epochs × trials)"


@pytest.fixture
def eigenvalues(tmp_path: Path) -> Frames:
    url = f"sqlite:///{tmp_path / 'signal.db'}"
    with Store.open(url) as store:
        filled(store, "curved", "eigenvalue-max", trials=2)
    return load(url, "curved")


def test_an_anytime_curve_of_a_signal_has_its_unit(eigenvalues: Frames) -> None:
    axes = anytime_figure([eigenvalues]).axes[0]
    heights = np.asarray(axes.get_lines()[0].get_ydata())
    assert (np.diff(heights) <= 0).all()
    assert title(axes) == "Best observed eigenvalue-max"
    assert axes.get_ylabel() == "eigenvalue-max"
    assert legend(axes)[0].startswith(f"curved: {heights[-1]:.4g}, n = 3 on 50 epochs; ")


def test_budgets_of_a_signal_have_its_unit(eigenvalues: Frames) -> None:
    axes = budgets_figure(eigenvalues).axes[0]
    assert axes.get_ylabel() == "eigenvalue-max"
    assert " dB" not in str(legend(axes))


def test_bright_values_of_a_signal_are_good(eigenvalues: Frames) -> None:
    figure = search_figure(eigenvalues)
    assert "eigenvalue-max on 50 epochs" in [axes.get_ylabel() for axes in figure.axes]
    assert {points.get_cmap().name for points in figure.axes[0].collections[1:2]} == {"viridis_r"}


def test_a_signal_study_has_no_trials_to_draw(eigenvalues: Frames) -> None:
    with pytest.raises(StoreError, match="objective 'eigenvalue-max', which does not retrain"):
        trials_figure(eigenvalues)


def test_budgets_have_one_point_per_evaluation(studies: list[Frames]) -> None:
    axes = budgets_figure(studies[1]).axes[0]
    assert clouds(axes) == [4 + 1, 5 + 2]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["17", "50"]


def test_the_legend_of_budgets_counts_and_ranks(studies: list[Frames]) -> None:
    at_random, of_the_model, incumbent, ranks = legend(budgets_figure(studies[1]).axes[0])
    assert at_random == "configurations at random, n = 5 evaluations"
    assert of_the_model == "configurations of the model, n = 7 evaluations"
    assert incumbent.startswith("incumbent (0, 0, 6): ")
    assert ranks.startswith("Spearman's ρ, 17 with 50 epochs: ")
    assert ranks.endswith("n = 3")


def test_the_incumbents_budgets_are_joined(studies: list[Frames]) -> None:
    axes = budgets_figure(studies[1]).axes[0]
    incumbent = legend(axes)[2]
    (joined,) = [line for line in axes.get_lines() if line.get_label() == incumbent]
    assert len(np.asarray(joined.get_ydata())) == 2


def test_the_search_has_one_panel_per_hyperparameter(studies: list[Frames]) -> None:
    panels = search_figure(studies[1]).axes[:8]
    assert [title(axes) for axes in panels] == list(LABELS.values())
    assert panels[0].get_yscale() == "log"
    assert [tick.get_text() for tick in panels[7].get_yticklabels()] == [
        "Adam",
        "Gradient\nDescent",
    ]


def test_the_search_has_one_point_per_configuration(studies: list[Frames]) -> None:
    figure = search_figure(studies[1])
    for axes in figure.axes[:8]:
        elsewhere, scored, incumbent = clouds(axes)
        assert (elsewhere, scored, incumbent) == (6, 3, 1)
    assert legend(figure) == ["never ran on 50 epochs", "incumbent (0, 0, 6)"]


def test_trials_are_of_the_largest_budget(studies: list[Frames]) -> None:
    (axes,) = trials_figure(studies[1]).axes
    assert clouds(axes) == [2 * 2, 2]
    incumbent, correlation = legend(axes)
    assert incumbent == "incumbent (0, 0, 6)"
    assert correlation.endswith("n = 6")


def test_trials_of_the_incumbent_alone_are_one_cloud(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        store.begin(study(), {})
        run(store, study(), id_of(0))
    (axes,) = trials_figure(load(url, "blur-final")).axes
    assert clouds(axes) == [1]
    assert legend(axes)[1] == "Pearson r = undefined, n = 1"


def test_a_study_that_retrains_nothing_has_no_trials_figure(studies: list[Frames]) -> None:
    with pytest.raises(StoreError, match="expected a study with architecture PSNRs, got 'one'"):
        trials_figure(studies[0])


@pytest.mark.parametrize(
    "draw",
    [budgets_figure, search_figure, trials_figure, lambda frames: anytime_figure([frames])],
)
def test_a_study_without_results_is_one_clear_line(draw: object, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        store.begin(study(), {})
    assert callable(draw)
    with pytest.raises(StoreError, match="has no incumbent"):
        draw(load(url, "blur-final"))
