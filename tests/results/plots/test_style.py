"""Files and limits of figures."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from configspace.errors import DartboardError
from results.plots.style import (
    OBJECTIVES,
    limits,
    new_figure,
    paler,
    panel_grid,
    panels_of,
    save,
    study_colors,
    write,
)


@pytest.fixture
def figure() -> Figure:
    drawn = new_figure(2, 2)
    drawn.subplots().text(0.5, 0.5, "PSNR")
    return drawn


@pytest.mark.parametrize(
    ("ending", "begins"),
    [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml"), ("PNG", b"\x89")],
)
def test_the_ending_selects_the_format(
    figure: Figure, tmp_path: Path, ending: str, begins: bytes
) -> None:
    path = tmp_path / "new" / f"one.v1.{ending}"
    write(figure, path)
    assert path.read_bytes().startswith(begins)


def test_text_stays_text_in_an_svg(figure: Figure, tmp_path: Path) -> None:
    write(figure, tmp_path / "one.svg")
    assert ">PSNR</text>" in (tmp_path / "one.svg").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_equal_figures_give_equal_files(figure: Figure, tmp_path: Path, ending: str) -> None:
    for name in ("one", "two"):
        write(figure, tmp_path / f"{name}.{ending}")
    assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"two.{ending}").read_bytes()


@pytest.mark.parametrize("name", ["figure", "figure.gif"])
def test_another_ending_is_an_error(figure: Figure, tmp_path: Path, name: str) -> None:
    with pytest.raises(
        DartboardError, match=r"expected a file name that ends in \.png, \.pdf, \.svg"
    ):
        write(figure, tmp_path / name)


def test_an_unwritable_path_is_one_clear_line(figure: Figure, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DartboardError, match="cannot write figure") as caught:
        write(figure, tmp_path / "file" / "one.png")
    assert "\n" not in str(caught.value)


def test_a_figure_is_saved_as_png_and_pdf(figure: Figure, tmp_path: Path) -> None:
    png, pdf = save(figure, tmp_path / "new" / "one.v1")
    assert png == tmp_path / "new" / "one.v1.png"
    assert png.read_bytes().startswith(b"\x89PNG")
    assert pdf.read_bytes().startswith(b"%PDF")


def test_limits_have_a_margin_around_all_values() -> None:
    low, high = limits([np.array([1.0, 2.0]), np.array([]), np.array([11.0])])
    assert (low, high) == pytest.approx((0.2, 11.8))
    assert limits([np.array([3.0])]) == (2.5, 3.5)
    assert limits([]) == (0.0, 1.0)


def test_studies_side_by_side_differ_in_color() -> None:
    objectives = ["one-shot", "inherited", "short", "one-shot", "eigenvalue", "entropy", "final"]
    colors = study_colors(objectives)
    assert len(set(colors)) == len(objectives)
    assert (colors[0], colors[-1]) == (OBJECTIVES["one-shot"], OBJECTIVES["final"])


def test_more_studies_than_colors_repeat_them() -> None:
    assert len(study_colors(["short"] * 20)) == 20


def test_a_paler_color_is_halfway_to_white() -> None:
    assert paler("#000000") == "#808080"
    assert paler("#ff0000") == "#ff8080"


@pytest.mark.parametrize(
    ("count", "grid"), [(1, (1, 1)), (2, (1, 2)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3))]
)
def test_at_most_three_panels_stand_side_by_side(count: int, grid: tuple[int, int]) -> None:
    assert panel_grid(count) == grid
    drawn = new_figure(2, 2)
    panels = panels_of(drawn, count)
    assert drawn.axes == panels
    assert len(panels) == count
