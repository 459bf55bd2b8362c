"""`dartboard surrogate`: how well trained supernets rank architectures without training them."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    DEFAULT_STORE,
    AcceptVersionChange,
    Device,
    Engine,
    Format,
    LogJson,
    LogLevelOption,
    OutputFile,
    Picture,
    ReportFormat,
    StoreUrl,
    Threads,
    Workers,
)
from configspace.errors import CampaignError

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: dartboard surrogate studies/paper/surrogate.toml\n\n"
    "Example: dartboard surrogate studies/paper/surrogate.toml --format csv -o surrogate.csv "
    "--picture surrogate.png"
)
def surrogate(
    campaign: Annotated[
        Path,
        typer.Argument(
            metavar="CAMPAIGN.toml", help="Path of a campaign file with a table [surrogate]."
        ),
    ],
    store: StoreUrl = DEFAULT_STORE,
    format: Format = "text",
    output: OutputFile = None,
    picture: Picture = None,
    workers: Workers = 0,
    threads: Threads = 0,
    device: Device = "auto",
    engine: Engine = "auto",
    accept_version_change: AcceptVersionChange = False,
    log_level: LogLevelOption = "warning",
    log_json: LogJson = False,
) -> int:
    """Test how well supernets rank architectures that they score without training them.

    The campaign trains random architectures, each twice, and supernets that score all of them.
    What the store already has is not repeated. The report has the correlation of each score with
    the trainings, next to that of counting harmful operations, with verdicts by the rules in
    docs/reference/rules.md.
    """
    from cli.commands.campaign import campaign as run_campaign
    from cli.console.report import check_format
    from configspace.campaign import load_campaign

    settings = load_campaign(campaign)
    if not any(condition.candidates for condition in settings.conditions):
        raise CampaignError(
            f"{campaign}: expected a table [surrogate], got none",
            advice="add '[surrogate]' with 'architectures = 256', or run it with 'dartboard "
            "campaign'",
        )
    check_format(format, output, picture)
    code = run_campaign(
        campaign,
        store=store,
        workers=workers,
        threads=threads,
        device=device,
        engine=engine,
        accept_version_change=accept_version_change,
        log_level=log_level,
        log_json=log_json,
    )
    if code:
        return code
    _report(store, settings.name, format, output, picture)
    return 0


def _report(
    store: str, name: str, format: ReportFormat, output: Path | None, picture: Path | None
) -> None:
    """Write the report of a campaign in the store."""
    from cli.console.report import Section, write_picture, write_report
    from results.analysis.surrogate import judge
    from results.analysis.surrogate_runs import load_surrogates
    from results.analysis.surrogate_table import frame, grid, notes, sentences

    judged = [judge(group) for group in load_surrogates(store, [name])]
    sections = [Section(one.group.name, (grid(one),), sentences(one)) for one in judged]
    write_report(sections, notes(), frame(judged), format=format, output=output)
    if picture is not None:
        from results.plots.surrogate import surrogate_figure

        write_picture(surrogate_figure(judged), picture)
