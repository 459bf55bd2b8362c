"""How figures are written, and their limits."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from configspace.errors import DartboardError
from results.plots.style import limits, new_figure, write


@pytest.fixture
def figure() -> Figure:
    drawn = new_figure(2, 2)
    drawn.subplots().text(0.5, 0.5, "PSNR")
    return drawn


@pytest.mark.parametrize(
    ("ending", "begins"),
    [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml"), ("PNG", b"\x89")],
)
def test_the_ending_says_in_which_form_a_figure_is_written(
    figure: Figure, tmp_path: Path, ending: str, begins: bytes
) -> None:
    path = tmp_path / "new" / f"one.v1.{ending}"
    write(figure, path)
    assert path.read_bytes().startswith(begins)


def test_text_stays_text_in_an_svg(figure: Figure, tmp_path: Path) -> None:
    write(figure, tmp_path / "one.svg")
    assert ">PSNR</text>" in (tmp_path / "one.svg").read_text()


@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_the_same_figure_gives_the_same_file(figure: Figure, tmp_path: Path, ending: str) -> None:
    for name in ("one", "two"):
        write(figure, tmp_path / f"{name}.{ending}")
    assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"two.{ending}").read_bytes()


@pytest.mark.parametrize("name", ["figure", "figure.gif"])
def test_another_ending_is_one_clear_line(figure: Figure, tmp_path: Path, name: str) -> None:
    with pytest.raises(DartboardError, match=r"wanted a name that ends in \.png, \.pdf, \.svg"):
        write(figure, tmp_path / name)


def test_a_figure_that_cannot_be_written_is_one_clear_line(figure: Figure, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DartboardError, match="cannot write figure"):
        write(figure, tmp_path / "file" / "one.png")


def test_limits_hold_every_value_with_a_margin() -> None:
    low, high = limits([np.array([1.0, 2.0]), np.array([]), np.array([11.0])])
    assert (low, high) == pytest.approx((0.2, 11.8))
    assert limits([np.array([3.0])]) == (2.5, 3.5)
    assert limits([]) == (0.0, 1.0)
