"""Drawings of architectures, by their nodes, edges and legend."""

from collections import Counter
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch

from results.plots.architecture import Drawing, architecture_figure, states_of
from results.plots.style import write
from tests.results.plots.pictures import legend, title

ALL = ("learnable_gradient", "cnn", "roll", "noise")


def found(names: str) -> tuple[tuple[str, ...], ...]:
    return tuple((name,) for name in names.split())


def edges(axes: Axes) -> Counter[str]:
    """Return how often each operation is drawn."""
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    drawn = [str(arrow.get_gid()) for arrow in arrows if arrow.get_gid()]
    return Counter(name.removeprefix("edge ") for name in drawn)


def nodes(axes: Axes) -> int:
    return sum(isinstance(patch, Circle) for patch in axes.patches)


def test_a_sequence_has_layers_and_a_residual_branch() -> None:
    figure = architecture_figure([Drawing("Found", "21 dB", found("cnn " * 7 + "roll " * 3))])
    (axes,) = figure.axes
    assert title(axes) == "Found"
    assert edges(axes) == {"cnn": 7, "roll": 3}
    assert nodes(axes) == 11 + 1
    assert "+" in [text.get_text() for text in axes.texts]
    assert legend(figure) == ["2-layer CNN", "roll"]


def test_a_supernets_edge_has_every_candidate() -> None:
    figure = architecture_figure([Drawing("Sequential space", "", (ALL,) * 10)])
    assert edges(figure.axes[0]) == dict.fromkeys(ALL, 10)
    assert legend(figure) == ["learnable gradient", "2-layer CNN", "roll", "noise"]


def test_cells_are_drawn_without_zero_edges() -> None:
    names = found("learnable_gradient " * 20 + "zero " * 10)
    figure = architecture_figure([Drawing("Found", "", names, cells=2)])
    (axes,) = figure.axes
    assert edges(axes) == {"learnable_gradient": 20}
    assert nodes(axes) == 2 * 6
    labels = [text.get_text() for text in axes.texts]
    assert labels.count("in") == 2
    assert "cell 2" in labels


def test_edges_lead_from_their_source_to_their_target() -> None:
    names = found("cnn zero zero zero zero roll")
    figure = architecture_figure([Drawing("Three states", "", names, cells=1)])
    arrows = {
        str(patch.get_gid()): patch
        for patch in figure.axes[0].patches
        if isinstance(patch, FancyArrowPatch)
    }
    centers = [patch.center for patch in figure.axes[0].patches if isinstance(patch, Circle)]
    for gid, source, target in (("edge cnn", 0, 1), ("edge roll", 2, 3)):
        assert arrows[gid].patchA.center == centers[source]  # type: ignore[attr-defined]
        assert arrows[gid].patchB.center == centers[target]  # type: ignore[attr-defined]


def test_several_drawings_share_one_legend() -> None:
    figure = architecture_figure(
        [
            Drawing("All", "", found("cnn " * 15), cells=1),
            Drawing("Good", "", found("custom " * 15), cells=1),
        ]
    )
    assert [title(axes) for axes in figure.axes] == ["All", "Good"]
    assert legend(figure) == ["2-layer CNN", "custom"]


@pytest.mark.parametrize(("count", "cells", "states"), [(30, 2, 5), (15, 1, 5), (6, 2, 2)])
def test_the_number_of_edges_gives_the_states(count: int, cells: int, states: int) -> None:
    assert states_of(count, cells) == states


def test_an_impossible_number_of_edges_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected the edges of 2 cells, such as 30 with 5 states"):
        states_of(25, 2)


def test_edges_have_ids_in_an_svg(tmp_path: Path) -> None:
    figure = architecture_figure([Drawing("Found", "", found("cnn " * 10))])
    write(figure, tmp_path / "one.svg")
    assert 'id="edge cnn"' in (tmp_path / "one.svg").read_text()
