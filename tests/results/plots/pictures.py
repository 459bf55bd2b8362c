"""Read what a figure draws from its artists."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure


def clouds(axes: Axes) -> list[int]:
    """Return the number of points in each cloud."""
    drawn = [cloud for cloud in axes.collections if isinstance(cloud, PathCollection)]
    return [len(np.asarray(cloud.get_offsets())) for cloud in drawn]


def legend(drawn: Axes | Figure) -> list[str]:
    """Return the labels in a legend."""
    found = drawn.get_legend() if isinstance(drawn, Axes) else drawn.legends[0]
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def title(axes: Axes) -> str:
    return axes.get_title(loc="left")
