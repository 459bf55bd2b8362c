"""`dartboard strategies`: which strategy finds the best architectures at equal cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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
    output_path,
)
from configspace.errors import CampaignError

if TYPE_CHECKING:
    from configspace.strategy_search import StrategySearch

What = Literal["strategies", "ranks", "architectures"]

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: dartboard strategies studies/paper/strategies-finite.toml\n\n"
    "Example: dartboard strategies studies/paper/strategies-plane.toml --format markdown "
    "-o strategies.md --picture top.png --plane-picture plane.png"
)
def strategies(
    campaign: Annotated[
        Path,
        typer.Argument(
            metavar="CAMPAIGN.toml", help="Path of a campaign file with a table [strategies]."
        ),
    ],
    store: StoreUrl = DEFAULT_STORE,
    format: Format = "text",
    what: Annotated[
        What,
        typer.Option("--what", help="What a row of the formats csv, json and parquet is."),
    ] = "strategies",
    output: OutputFile = None,
    picture: Picture = None,
    progress_picture: Annotated[
        Path | None,
        typer.Option(
            "--progress-picture",
            metavar="FILE",
            parser=output_path,
            help="Also draw the best score so far of each search.",
        ),
    ] = None,
    plane_picture: Annotated[
        Path | None,
        typer.Option(
            "--plane-picture",
            metavar="FILE",
            parser=output_path,
            help="Also draw the trained points over τ and dilation, with paths of descents.",
        ),
    ] = None,
    workers: Workers = 0,
    threads: Threads = 0,
    device: Device = "auto",
    engine: Engine = "auto",
    accept_version_change: AcceptVersionChange = False,
    log_level: LogLevelOption = "warning",
    log_json: LogJson = False,
) -> int:
    """Compare strategies that search for the best architectures with equally many trainings.

    Each strategy searches several times. The best architectures of each search are trained again
    from fresh seeds, which are the same for all: these scores count, with verdicts by the rules in
    docs/reference/rules.md. What the store already has is not repeated.
    """
    from cli.console.logs import Logs
    from cli.console.report import check_format
    from cli.local.workers import LocalWorkers
    from cli.session.serve import Session
    from cli.session.strategies import serve_searches
    from configspace.campaign import load_searches
    from master.service.settings import MAX_WORKERS, ServiceSettings
    from worker.engine.problem import problem_of
    from worker.evaluation.choose import choose_engine

    searches = load_searches(campaign)
    check_format(format, output, picture, progress_picture, plane_picture)
    if plane_picture is not None:
        _check_plane(searches)
    # Errors that are known before a store and workers are made:
    for search in searches:
        problem_of(search.setting.problem)
    if device not in ("auto", "cpu"):
        choose_engine(engine, device)
    # Most jobs have one trial, so a worker would use one thread.
    local = LocalWorkers.fill_cores(
        1, workers=workers, threads=threads, device=device, engine=engine
    )
    session = Session(
        url=store,
        local=local,
        settings=ServiceSettings(max_workers=max(MAX_WORKERS, local.count)),
        logs=Logs(log_level, log_json),
        accept_version_change=accept_version_change,
    )
    if code := serve_searches(searches, session):
        return code
    name = searches[0].setting.campaign
    _report(store, name, format, what, output)
    _draw(store, name, picture, progress_picture, plane_picture)
    return 0


def _check_plane(searches: "Sequence[StrategySearch]") -> None:
    """Check that there is a plane to draw.

    Raises:
        CampaignError: If the architectures are not points over τ and dilation.
    """
    found = searches[0].setting.architecture.continuous
    if len(found) < 2:
        raise CampaignError(
            "expected tau and dilation in [architecture] continuous for a picture of the plane, "
            f"got {', '.join(found) or 'neither'}",
            advice="leave out --plane-picture",
        )


def _report(store: str, name: str, format: ReportFormat, what: What, output: Path | None) -> None:
    """Write the report of a campaign in the store."""
    from cli.console.report import Section, write_report
    from results.analysis.strategies import judge
    from results.analysis.strategy_runs import load_strategies
    from results.analysis.strategy_table import frame, grids, notes, sentences

    judged = [judge(group) for group in load_strategies(store, [name])]
    sections = [Section(one.group.name, grids(one), sentences(one)) for one in judged]
    write_report(sections, notes(judged), frame(judged, what), format=format, output=output)


def _draw(
    store: str, name: str, top: Path | None, progress: Path | None, plane: Path | None
) -> None:
    """Draw the pictures of a campaign in the store that have a file."""
    if top is None and progress is None and plane is None:
        return
    from cli.console.report import write_picture
    from results.analysis.strategies import judge
    from results.analysis.strategy_runs import load_strategies
    from results.plots.strategies import anytime_figure, plane_figure, top_figure

    groups = load_strategies(store, [name])
    if top is not None:
        write_picture(top_figure([judge(group) for group in groups]), top)
    if progress is not None:
        write_picture(anytime_figure(groups), progress)
    if plane is not None:
        write_picture(plane_figure(groups), plane)
