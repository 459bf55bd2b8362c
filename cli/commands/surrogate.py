"""`dartboard surrogate`: how well trained supernets rank architectures without training them."""

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.options import (
    DEFAULT_STORE,
    AcceptVersionChange,
    Device,
    Engine,
    LogJson,
    LogLevelOption,
    OutputFile,
    StoreUrl,
    Threads,
    Workers,
    output_path,
)
from configspace.errors import CampaignError, DartboardError

if TYPE_CHECKING:
    from results.analysis.surrogate import JudgedSurrogates

Format = Literal["text", "csv", "parquet", "json", "markdown", "latex"]

WIDTH = 100
"""Number of characters per line of the text."""

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: dartboard surrogate studies/surrogate.toml\n\n"
    "Example: dartboard surrogate studies/surrogate.toml --format csv -o surrogate.csv "
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
    format: Annotated[Format, typer.Option("--format", help="Format of the result.")] = "text",
    output: OutputFile = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture",
            metavar="FILE",
            parser=output_path,
            help="Also draw the correlations: a .png, .pdf or .svg file.",
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
    """Test how well supernets rank architectures that they score without training them.

    The campaign trains random architectures, each twice, and supernets that score all of them.
    What the store already has is not repeated. The report has the correlation of each score with
    the trainings, next to that of counting harmful operations, with verdicts by the rules in
    docs/reference/rules.md.
    """
    from cli.commands.campaign import campaign as run_campaign
    from configspace.campaign import load_campaign

    settings = load_campaign(campaign)
    if not any(condition.candidates for condition in settings.conditions):
        raise CampaignError(
            f"{campaign}: expected a table [surrogate], got none",
            advice="add '[surrogate]' with 'architectures = 256', or run it with 'dartboard "
            "campaign'",
        )
    if format == "parquet" and output is None:
        raise DartboardError(
            "expected a file for the format parquet, which is not text",
            advice="name one with -o FILE",
        )
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
    store: str, name: str, format: Format, output: Path | None, picture: Path | None
) -> None:
    """Write the report of a campaign in the store."""
    from cli.console.output import write_bytes, write_text
    from results.analysis.surrogate import judge
    from results.analysis.surrogate_runs import load_surrogates
    from results.analysis.surrogate_table import frame

    judged = [judge(group) for group in load_surrogates(store, [name])]
    if format == "csv" or format == "parquet" or format == "json":
        from results.export import encoded

        write_bytes(encoded(frame(judged), format), output)
    else:
        write_text(_written(judged, format), output)
    if picture is not None:
        from results.plots.style import write
        from results.plots.surrogate import surrogate_figure

        write(surrogate_figure(judged), picture)
        print(f"wrote {picture}", file=sys.stderr)


def _written(groups: "Sequence[JudgedSurrogates]", format: Format) -> str:
    from results import text
    from results.analysis.surrogate_table import grid, notes, sentences

    table = {"markdown": text.markdown, "latex": text.latex}.get(format, text.text)
    parts: list[str] = []
    for judged in groups:
        if format != "latex":
            parts.append("## " * (format == "markdown") + judged.group.name + "\n")
        parts += [table(grid(judged)), _listed(sentences(judged), format)]
    parts.append(_listed(notes(), format))
    return "\n".join(part for part in parts if part)


def _listed(notes: Sequence[str], format: Format) -> str:
    match format:
        case "markdown":
            return "".join(f"- {note}\n" for note in notes)
        case "latex":
            return ""
        case _:
            return "".join(
                f"{fill(note, WIDTH, subsequent_indent='  ', break_on_hyphens=False)}\n"
                for note in notes
            )
