"""`dartboard plot`: figures of the paper with our trials, and figures of studies."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from cli.options import DEFAULT_STORE, CampaignNames, StoreUrl, output_path
from configspace.errors import DartboardError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from results.paper.figures import FigureNumber

OF_STUDIES = ("anytime", "budgets", "search", "architecture", "eigenvalue", "plasticity")
"""Figures of named studies or campaigns. All others are figures of the paper, by number."""

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: dartboard plot 3 -o figure3.pdf\n\n"
    "Example: dartboard plot anytime blur-one-shot blur-final\n\n"
    "Example: dartboard plot architecture table2 --condition cell-all-blur-darts-H1 -o found.svg"
)
def plot(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FIGURE",
            help="Number of the paper's figure, 1 to 9; or anytime, budgets, search, architecture, "
            "eigenvalue, plasticity.",
        ),
    ],
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STUDY",
            help="Study of a figure that has no number. anytime takes several; architecture, "
            "eigenvalue and plasticity also take a campaign.",
        ),
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    campaign: CampaignNames = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            "--condition",
            metavar="NAME",
            help="Condition of a campaign to plot. Repeat it for several.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            parser=output_path,
            help="File to write: .png, .pdf or .svg; - means PNG to standard output. The default "
            "is FIGURE.png.",
        ),
    ] = None,
) -> None:
    """Plot a figure of the paper with our trials, or a figure of studies."""
    from cli.console.output import STANDARD_OUTPUT, write_bytes
    from results.plots.style import drawn as content
    from results.plots.style import write

    named = names or []
    drawn = (
        _of_studies(what, named, store, condition or [])
        if what in OF_STUDIES
        else _of_the_paper(what, named, store, campaign or [])
    )
    prefix = what if what in OF_STUDIES else f"figure{what}"
    if output in STANDARD_OUTPUT:
        write_bytes(content(drawn, ".png"), output)
        return
    path = output or Path("-".join([prefix, *named]) + ".png")
    write(drawn, path)
    print(f"wrote {path}")


def _of_the_paper(what: str, names: Sequence[str], url: str, campaigns: Sequence[str]) -> "Figure":
    from results.paper.architectures import figure_9, supernet
    from results.paper.figures import figure
    from results.paper.sources import FIGURES, campaign_trials
    from results.plots.architecture import architecture_figure

    if what not in {str(number) for number in range(1, 10)}:
        raise DartboardError(f"expected figure 1 to 9, {', '.join(OF_STUDIES)}, got {what!r}")
    number = int(what)
    if names:
        raise DartboardError(
            f"expected no study for figure {number} of the paper, got {names[0]!r}",
            advice="use --campaign NAME to use other trials",
        )
    if number in (1, 2):
        return architecture_figure(supernet(number))
    trials = campaign_trials(url, FIGURES[number], campaigns, what=f"figure {number}")
    if number == 9:
        return architecture_figure(figure_9(trials))
    return figure(cast("FigureNumber", number), trials)


def _of_studies(what: str, names: Sequence[str], url: str, conditions: Sequence[str]) -> "Figure":
    from results.frames.study import load
    from results.plots.study import anytime_figure, budgets_figure, search_figure

    if what == "anytime":
        if not names:
            raise DartboardError(
                "expected one study or several, got none",
                advice="name them, as in 'dartboard plot anytime STUDY'",
            )
        return anytime_figure([load(url, name, with_curves=False) for name in names])
    if len(names) != 1:
        raise DartboardError(
            f"expected one study, got {len(names)}",
            advice=f"name one, as in 'dartboard plot {what} STUDY'",
        )
    if what == "architecture":
        return _architecture(names[0], url, conditions)
    if what in ("eigenvalue", "plasticity"):
        return _search_curves(what, names[0], url, conditions)
    frames = load(url, names[0], with_curves=False)
    return budgets_figure(frames) if what == "budgets" else search_figure(frames)


def _architecture(name: str, url: str, conditions: Sequence[str]) -> "Figure":
    from results.frames.campaign import load_campaign
    from results.frames.study import load
    from results.paper.architectures import found_by_campaign, found_by_study
    from results.plots.architecture import architecture_figure

    if _is_campaign(name, url):
        found = load_campaign(url, name)
        settings = {
            condition.name: condition.architecture for condition in found.campaign.conditions
        }
        return architecture_figure(found_by_campaign(found.trials, conditions, settings))
    return architecture_figure([found_by_study(load(url, name, with_curves=False))])


def _search_curves(what: str, name: str, url: str, conditions: Sequence[str]) -> "Figure":
    from results.analysis.search_curves import of_campaign, of_study
    from results.frames.campaign import load_campaign
    from results.frames.study import load
    from results.plots.search_curves import eigenvalue_figure, plasticity_figure

    column = "eigenvalue" if what == "eigenvalue" else "plasticity_sup"
    if _is_campaign(name, url):
        found = of_campaign(load_campaign(url, name, with_curves=True), conditions, column)
    else:
        found = of_study(load(url, name), column)
    return eigenvalue_figure(found) if what == "eigenvalue" else plasticity_figure(found)


def _is_campaign(name: str, url: str) -> bool:
    from results.store.store import Store

    with Store.open(url, create=False) as store:
        return name in store.campaign_names()
