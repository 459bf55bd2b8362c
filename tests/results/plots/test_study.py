"""Figures of studies, by what they draw."""

from pathlib import Path

import numpy as np
import pytest

from configspace.errors import StoreError
from configspace.hyperparameters import LABELS
from results.frames.study import Frames, load
from results.plots.study import anytime_figure, budgets_figure, search_figure
from results.store.store import Store
from tests.results.made_up import filled, study
from tests.results.plots.pictures import clouds, legend, title


@pytest.fixture
def studies(tmp_path: Path) -> list[Frames]:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, trials=2)
        filled(store, "two", "final", seed=2, trials=2)
        filled(store, "three", "final", seed=3, trials=2)
    return [load(url, name) for name in ("one", "two", "three")]


def test_the_anytime_curve_has_a_panel_an_objective_and_a_line_a_study(
    studies: list[Frames],
) -> None:
    one_shot, final = anytime_figure(studies).axes
    assert title(one_shot) == "Best observed one-shot PSNR"
    assert title(final) == "Best observed architecture PSNR"
    assert (len(one_shot.get_lines()), len(final.get_lines())) == (1, 2)
    assert one_shot.get_xlim()[0] == 0


def test_an_anytime_curve_ends_at_the_incumbents_score_and_says_n(studies: list[Frames]) -> None:
    axes = anytime_figure(studies[1:2]).axes[0]
    heights = np.asarray(axes.get_lines()[0].get_ydata())
    done = studies[1].evaluations.query("epochs == 50")
    assert heights[-1] == done["psnr"].max()
    assert (np.diff(heights) >= 0).all()
    assert legend(axes)[0].startswith(f"two: {done['psnr'].max():.2f} dB after ")
    assert legend(axes)[0].endswith("n = 3 on 50 epochs")


def test_budgets_have_a_point_an_evaluation_and_the_incumbents_are_joined(
    studies: list[Frames],
) -> None:
    axes = budgets_figure(studies[1]).axes[0]
    assert clouds(axes) == [4 + 1, 5 + 2]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["17", "50"]
    at_random, of_the_model, incumbent, ranks = legend(axes)
    assert at_random == "configurations at random, n = 5 evaluations"
    assert of_the_model == "configurations of the model, n = 7 evaluations"
    assert incumbent.startswith("incumbent (0, 0, 6): ")
    assert ranks.startswith("Spearman's ρ, 17 with 50 epochs: ")
    assert ranks.endswith("n = 3")
    (joined,) = [line for line in axes.get_lines() if line.get_label() == incumbent]
    assert len(np.asarray(joined.get_ydata())) == 2


def test_the_search_has_a_panel_a_hyperparameter_and_a_point_a_configuration(
    studies: list[Frames],
) -> None:
    figure = search_figure(studies[1])
    panels = figure.axes[:8]
    assert [title(axes) for axes in panels] == list(LABELS.values())
    for axes in panels:
        elsewhere, scored, incumbent = clouds(axes)
        assert (elsewhere, scored, incumbent) == (6, 3, 1)
    assert panels[0].get_yscale() == "log"
    assert [tick.get_text() for tick in panels[7].get_yticklabels()] == [
        "Adam",
        "Gradient\nDescent",
    ]
    assert legend(figure) == ["never ran on 50 epochs", "incumbent (0, 0, 6)"]


@pytest.mark.parametrize(
    "draw", [budgets_figure, search_figure, lambda frames: anytime_figure([frames])]
)
def test_a_study_without_any_result_is_one_clear_line(draw: object, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        store.begin(study(), {})
    assert callable(draw)
    with pytest.raises(StoreError, match="has no incumbent"):
        draw(load(url, "blur-final"))
