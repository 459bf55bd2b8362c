"""`dartboard findings`: test the findings of the paper, one by one, on our runs."""

import typer

from cli.options import DEFAULT_STORE, CampaignNames, OutputFile, StoreUrl

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: dartboard findings -o findings.md")
def findings(
    store: StoreUrl = DEFAULT_STORE, campaign: CampaignNames = None, output: OutputFile = None
) -> None:
    """Test by stated rules which findings of the paper our runs confirm; write a report."""
    from cli.console.output import write_text
    from results.paper.findings import findings as findings_of
    from results.paper.findings_report import findings_markdown
    from results.paper.pooling import tallies
    from results.paper.sources import FIGURES, TABLES, campaign_frames, together

    every = (name for names in (*TABLES.values(), *FIGURES.values()) for name in names)
    frames = campaign_frames(store, tuple(dict.fromkeys(every)), campaign or [], what="the report")
    names = [each.campaign.name for each in frames]
    write_text(findings_markdown(findings_of(together(frames)), names, tallies(frames)), output)
