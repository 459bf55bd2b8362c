"""`dartboard status`: how far the studies and campaigns of a store are."""

from typing import Annotated

import typer

from cli.options import DEFAULT_STORE, StoreUrl

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: dartboard status quickstart-final")
def status(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Name of a study or a campaign. The default is all of them."
        ),
    ] = "",
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Show how far a study or a campaign is: its evaluations, workers and best results.

    In a pipe, the list of all has one line per study or campaign, with tabs.
    """
    from rich.console import Console

    from cli.console.status import print_campaign, print_overview, print_study
    from cli.local.surroundings import fitting
    from results.store.store import Store

    console = Console()
    if not name:
        from results.analysis.overview import overview

        studies, campaigns = overview(store)
        if studies or campaigns:
            print_overview(console, studies, campaigns)
        else:
            advice = fitting("start one with: dartboard run STUDY.toml")
            console.print(f"no study yet in {store}; {advice}", soft_wrap=True)
        return
    from results.analysis.campaign_status import campaign_status
    from results.analysis.status import status as study_status

    with Store.open(store, create=False) as opened:
        is_campaign = name in opened.campaign_names()
        targets = opened.targets(name)
    if is_campaign:
        print_campaign(console, campaign_status(store, [name])[0])
    else:
        print_study(console, study_status(store, [name])[0])
    if len(targets) > 1:
        console.print(
            f"\ncomputed with kernels for {', '.join(targets)}: equal configurations may differ in "
            "the last digits of their scores",
            highlight=False,
            soft_wrap=True,
        )
