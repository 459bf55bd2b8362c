"""`dartboard status`: how far the studies and campaigns of a store are."""

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.console.campaign_status import show_campaign
from cli.console.display import incumbent_text
from cli.console.words import ago, duration
from results.analysis.campaign_status import CampaignStatus, campaign_status
from results.analysis.status import StudyStatus, status
from results.store.store import Store

_COLUMNS = ("study", "objective", "problem", "state", "evaluations", "incumbent", "last")
_SPARE = ("problem", "last", "objective", "incumbent")
"""Columns to do without where a terminal is narrow, in this order: ``dartboard status NAME`` tells
them, but only of a name that was not cut."""
_GAP = 2
"""Blanks after each column."""


def show_status(url: str, name: str | None) -> None:
    """Print the status of a study or a campaign, or a line for each of the store's.

    Raises:
        StoreError: If the store cannot be read, or lacks the study.
    """
    console = Console()
    with Store.open(url, create=False) as store:
        campaigns = store.campaign_names()
    if name in campaigns:
        show_campaign(console, campaign_status(url, [name])[0])
    elif name:
        _show_one(console, status(url, [name])[0])
    elif (found := status(url)) or campaigns:
        console.print(_overview(found, campaign_status(url, campaigns), console.width))
    else:
        console.print(f"no study yet in {url}; begin one with: dartboard run STUDY.toml")


def _overview(studies: list[StudyStatus], campaigns: list[CampaignStatus], width: int) -> Table:
    """Lay a line a study or campaign out, on as many columns as there is room for."""
    rows = [*map(_study_row, studies), *map(_campaign_row, campaigns)]
    columns = list(zip(_COLUMNS, *rows, strict=True))
    for spare in _SPARE:
        if sum(max(map(cell_len, column)) + _GAP for column in columns) <= width:
            break
        columns = [column for column in columns if column[0] != spare]
    table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="dim")
    for heading, *_ in columns:
        table.add_column(heading, overflow="fold")
    for row in zip(*(cells for _, *cells in columns), strict=True):
        table.add_row(*row)
    return table


def _study_row(one: StudyStatus) -> tuple[str, ...]:
    best = one.incumbent
    return (
        one.study.name,
        one.study.objective,
        one.study.problem.name,
        one.state,
        f"{one.effort.finished} done",
        f"{best.psnr:.2f} dB at {best.epochs}" if best else "none yet",
        ago(one.last_activity),
    )


def _campaign_row(many: CampaignStatus) -> tuple[str, ...]:
    return (
        many.name,
        "campaign",
        ", ".join(dict.fromkeys(one.condition.problem.name for one in many.conditions)),
        many.state,
        f"{many.finished} of {many.trials} trials",
        "",
        ago(many.last_activity),
    )


def _show_one(console: Console, one: StudyStatus) -> None:
    study, effort = one.study, one.effort
    console.print(
        f"[bold]{study.name}[/] · {study.objective} · {study.problem.name} · "
        f"{study.architecture.space} space, {study.architecture.operations} operations · "
        f"{one.state}, last activity {ago(one.last_activity)}",
        highlight=False,
        soft_wrap=True,
    )
    failed = f", {effort.crashed} crashed, {effort.lost} lost"
    console.print(
        f"{effort.finished} evaluations finished{failed if effort.crashed + effort.lost else ''}; "
        f"{effort.model_based} of {effort.configurations} configurations picked by the model; "
        f"{duration(one.cost.seconds)} of evaluation, {one.cost.epochs:,} epochs over all trials; "
        f"{one.reruns} trials of re-runs",
        highlight=False,
        soft_wrap=True,
    )
    console.print()
    states = list(dict.fromkeys(state for rung in one.rungs for state in rung.counts))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("epochs", justify="right")
    for state in states:
        table.add_column(state, justify="right")
    for rung in one.rungs:
        table.add_row(str(rung.epochs), *(str(rung.counts.get(state, 0)) for state in states))
    console.print(table)
    if one.workers:
        console.print()
        console.print(_workers(one))
    if unknown := [run for run in one.running if run.worker not in _names(one)]:
        # On lease to a worker that is silent, or whose master is: it may yet deliver.
        console.print()
        leases = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for column in ("on lease", "to", "attempt", "since"):
            leases.add_column(column)
        for run in unknown:
            leases.add_row(str(run.id), run.worker, str(run.attempts), ago(run.started))
        console.print(leases)
    if best := one.incumbent:
        console.print()
        console.print(
            Text.assemble(
                ("Incumbent ", "bold"),
                f"{best.configuration} · ",
                (f"{best.psnr:.2f} dB", "bold green"),
                f" {study.objective} PSNR at {best.epochs} epochs, "
                f"{'picked by the model' if best.model_based else 'drawn at random'}",
            )
        )
        console.print(incumbent_text(best.hyperparameters))


def _workers(one: StudyStatus) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("worker", "device", "engine", "heard of", "evaluation", "attempt", "since"):
        table.add_column(column)
    since = {(run.worker, str(run.id)): ago(run.started) for run in one.running}
    for worker in one.workers:
        table.add_row(
            worker.name,
            worker.device,
            worker.engine,
            ago(worker.heard),
            worker.evaluation or "idle",
            "" if worker.attempt is None else str(worker.attempt),
            since.get((worker.name, worker.evaluation or ""), ""),
        )
    return table


def _names(one: StudyStatus) -> set[str]:
    return {worker.name for worker in one.workers}
