"""`dartboard plot`: the paper's figures with our trials, and figures of studies."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from matplotlib.figure import Figure

from configspace.errors import DartboardError
from results.frames.campaign import load_campaign
from results.frames.study import Frames, load
from results.paper.architectures import figure_9, found_by_campaign, found_by_study, supernet
from results.paper.figures import FigureNumber, figure
from results.paper.sources import FIGURES, campaign_trials
from results.plots.architecture import architecture_figure
from results.plots.study import anytime_figure, budgets_figure, search_figure
from results.plots.style import write
from results.store.store import Store

OF_STUDIES = ("anytime", "budgets", "search", "architecture")
"""Figures that are of something named; the others are the paper's, by their numbers."""


def plot(
    what: str,
    names: Sequence[str],
    url: str,
    *,
    campaigns: Sequence[str],
    conditions: Sequence[str],
    output: Path | None,
) -> None:
    """Draw a figure and write it.

    Args:
        what: A number of 1 to 9, or one of `OF_STUDIES`.
        names: Studies, or for ``architecture`` a study or a campaign.
        url: The store.
        campaigns: Those to take for one of the paper's figures; none: the usual ones.
        conditions: Conditions of a campaign whose architectures to draw; none: all that search.
        output: The file; its ending says in which form. None: a PNG named as the figure.

    Raises:
        DartboardError: If there is no such figure, the store lacks what it is made of, or the
            file cannot be written.
    """
    drawn = (
        _named(what, names, url, conditions)
        if what in OF_STUDIES
        else _of_the_paper(what, names, url, campaigns)
    )
    prefix = what if what in OF_STUDIES else f"figure{what}"
    path = output or Path("-".join([prefix, *names]) + ".png")
    write(drawn, path)
    print(f"wrote {path}")


def _of_the_paper(what: str, names: Sequence[str], url: str, campaigns: Sequence[str]) -> Figure:
    if what not in {str(number) for number in range(1, 10)}:
        raise DartboardError(
            f"there is no figure {what!r}; there are 1 to 9 and {', '.join(OF_STUDIES)}"
        )
    number = int(what)
    if names:
        raise DartboardError(
            f"figure {number} is the paper's and takes no study, got {names[0]!r}; name campaigns "
            "with --campaign"
        )
    if number in (1, 2):
        return architecture_figure(supernet(number))
    trials = campaign_trials(url, FIGURES[number], campaigns, what=f"figure {number}")
    if number == 9:
        return architecture_figure(figure_9(trials))
    return figure(cast(FigureNumber, number), trials)


def _named(what: str, names: Sequence[str], url: str, conditions: Sequence[str]) -> Figure:
    if what == "anytime":
        if not names:
            raise DartboardError("name a study or several, as in 'dartboard plot anytime STUDY'")
        return anytime_figure([load(url, name, with_curves=False) for name in names])
    if len(names) != 1:
        raise DartboardError(
            f"name one study, as in 'dartboard plot {what} STUDY', got {len(names)}"
        )
    if what == "architecture":
        return _architecture(names[0], url, conditions)
    frames: Frames = load(url, names[0], with_curves=False)
    return budgets_figure(frames) if what == "budgets" else search_figure(frames)


def _architecture(name: str, url: str, conditions: Sequence[str]) -> Figure:
    with Store.open(url, create=False) as store:
        is_campaign = name in store.campaign_names()
    if is_campaign:
        found = load_campaign(url, name)
        settings = {
            condition.name: condition.architecture for condition in found.campaign.conditions
        }
        return architecture_figure(found_by_campaign(found.trials, conditions, settings))
    return architecture_figure([found_by_study(load(url, name, with_curves=False))])
