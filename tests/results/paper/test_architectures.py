"""Architectures to draw."""

from pathlib import Path

import pytest

from configspace.architecture import ArchitectureSettings
from configspace.errors import StoreError
from results.frames.study import load
from results.paper.architectures import figure_9, found_by_campaign, found_by_study, supernet
from results.store.store import Store
from tests.results.made_up import filled
from tests.results.paper.campaigns import normal, together, trials


def test_supernets_have_every_operation_on_every_edge() -> None:
    (sequence,), (cell,) = supernet(1), supernet(2)
    assert (len(sequence.edges), sequence.cells) == (10, 0)
    assert (len(cell.edges), cell.cells) == (15, 1)
    assert all(len(edge) == 4 for edge in (*sequence.edges, *cell.edges))


@pytest.mark.parametrize(
    ("objective", "score"), [("final", "architecture"), ("one-shot", "one-shot")]
)
def test_the_incumbents_best_trial_is_drawn(objective: str, score: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with Store.open(url) as store:
        filled(store, "mine", "final" if objective == "final" else "one-shot")
    frames = load(url, "mine")
    runs = frames.trials[frames.trials["configuration"] == "(0, 0, 6)"].query("epochs == 50")
    best = runs.sort_values(f"{score.replace('-', '_')}_psnr").iloc[-1]
    drawn = found_by_study(frames)
    assert drawn.title == "mine, Blur"
    assert " ".join(edge[0] for edge in drawn.edges) == best["architecture"]
    assert drawn.subtitle.startswith(f"incumbent (0, 0, 6): {score} PSNR ")
    assert drawn.subtitle.endswith("best of n = 3")
    assert drawn.cells == 0


def test_the_best_of_each_searching_condition_is_drawn() -> None:
    made = together(
        [
            trials([15.0, 16.5, 14.0], space="cell"),
            trials([9.0], space="cell", operations="all"),
            trials([20.0], space="cell", method="random"),
        ]
    )
    good, every = found_by_campaign(made)
    assert good.title == "Blur, good ops."
    assert "DARTS, H1: architecture PSNR 16.50 dB, best of n = 3" in good.subtitle
    assert every.title == "Blur, all ops."
    assert good.cells == 2
    (named,) = found_by_campaign(made, ["cell-good-blur-random-H1"])
    assert named.subtitle.startswith("Random, H1: architecture PSNR 20.00 dB")


def test_the_number_of_cells_follows_the_settings() -> None:
    made = trials([15.0], space="cell")
    settings = {"cell-good-blur-darts-H1": ArchitectureSettings(space="cell", cells=3, states=4)}
    assert found_by_campaign(made, settings=settings)[0].cells == 3


def test_zero_edges_are_counted() -> None:
    made = trials([15.0], space="cell").assign(architecture=" ".join(["cnn"] * 20 + ["zero"] * 10))
    assert found_by_campaign(made)[0].subtitle.endswith("10 of 30 edges zero")


def test_too_many_conditions_are_an_error() -> None:
    many = together(trials(normal(20, n=2), hyperparameters=f"H{index}") for index in range(9))
    with pytest.raises(StoreError, match="expected at most 8 conditions in one figure, got 9; "):
        found_by_campaign(many)


def test_an_unknown_condition_is_an_error() -> None:
    with pytest.raises(StoreError, match="got 'lost'; conditions with trials: 'sequential-good"):
        found_by_campaign(trials([20.0]), ["lost"])


def test_a_campaign_that_searched_nothing_is_an_error() -> None:
    with pytest.raises(StoreError, match="expected trials that searched an architecture, got none"):
        found_by_campaign(trials([20.0], method="random"))


def test_figure_9_has_all_operations_on_top() -> None:
    made = together(
        [
            trials([15.0], space="cell"),
            trials([16.0], space="cell", operations="all"),
            trials([17.0], space="cell", hyperparameters="H2"),
            trials([22.0]),
        ]
    )
    assert [drawn.title for drawn in figure_9(made)] == ["Blur, all ops.", "Blur, good ops."]


def test_figure_9_needs_its_trials() -> None:
    with pytest.raises(StoreError, match="trials of DARTS with H1 on blur in the cell space, got"):
        figure_9(trials([22.0]))
