"""Tables of `dartboard status`: all studies and campaigns, one study, or one campaign."""

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.console.display import hyperparameter_grid
from cli.console.tables import is_terminal, print_lines, print_table
from cli.console.words import ago, duration
from configspace.names import counted
from configspace.signals import signal_of
from results.store.events import SeenWorker

if TYPE_CHECKING:
    # pandas is slow to import, and the overview does not need it.
    from results.analysis.campaign_status import CampaignStatus
    from results.analysis.overview import CampaignOverview, StudyOverview
    from results.analysis.status import StudyStatus

_COLUMNS = ("study", "objective", "problem", "state", "evaluations", "incumbent", "last")
_SPARE = ("problem", "last", "objective", "incumbent")
"""Columns to leave out in a narrow terminal, in this order. The names are never cut: ``dartboard
status NAME`` needs them, and shows what these columns would."""
_WORKER_COLUMNS = ("worker", "host", "device", "engine", "last heard")
_GAP = 2
"""Number of blanks after each column."""


def print_overview(
    console: Console, studies: "list[StudyOverview]", campaigns: "list[CampaignOverview]"
) -> None:
    """Print one row per study or campaign: on a terminal, a table with the columns that fit."""
    rows = [*map(_study_row, studies), *map(_campaign_row, campaigns)]
    if not is_terminal(console):
        print_lines(console, rows)
        return
    columns = list(zip(_COLUMNS, *rows, strict=True))
    for spare in _SPARE:
        if sum(max(map(cell_len, column)) + _GAP for column in columns) <= console.width:
            break
        columns = [column for column in columns if column[0] != spare]
    table = Table(box=None, padding=(0, _GAP, 0, 0), header_style="dim")
    for heading, *_ in columns:
        table.add_column(heading, overflow="fold")
    for row in zip(*(cells for _, *cells in columns), strict=True):
        table.add_row(*row)
    console.print(table)


def _study_row(one: "StudyOverview") -> tuple[str, ...]:
    return (
        one.study.name,
        one.study.objective,
        one.study.problem.name,
        one.state,
        f"{one.finished} done",
        _best(one),
        ago(one.last_activity),
    )


def _best(one: "StudyOverview") -> str:
    if one.best is None:
        return "none yet"
    score, epochs = one.best
    return f"{signal_of(one.study.objective).value_text(score)} at {epochs}"


def _campaign_row(many: "CampaignOverview") -> tuple[str, ...]:
    return (
        many.name,
        "campaign",
        ", ".join(many.problems),
        many.state,
        f"{many.finished} of {counted(many.trials, 'trial')}",
        "",
        ago(many.last_activity),
    )


def print_study(console: Console, one: "StudyStatus") -> None:
    """Print how far a study is: its rungs, its workers, and its incumbent."""
    study, effort = one.study, one.effort
    console.print(
        f"[bold]{study.name}[/] · {study.objective} · {study.problem.name} · "
        f"{study.architecture.space} space, {study.architecture.operations} operations · "
        f"{one.state}, last activity {ago(one.last_activity)}",
        highlight=False,
        soft_wrap=True,
    )
    failed = f", {effort.crashed} crashed, {effort.lost} lost"
    finished = f"{counted(effort.finished, 'evaluation')} finished"
    configurations = counted(effort.configurations, "configuration")
    console.print(
        f"{finished}{failed if effort.crashed + effort.lost else ''}; "
        f"{effort.model_based} of {configurations} picked by the model; "
        f"{duration(one.cost.seconds)} of evaluation, "
        f"{counted(one.cost.epochs, 'epoch')} over all trials; "
        f"{counted(one.reruns, 'trial')} of re-runs",
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
    print_table(console, table)
    if one.workers:
        console.print()
        print_table(console, _workers(one))
    if unknown := [run for run in one.running if run.worker not in _names(one)]:
        # On lease to a worker without recent heartbeats: the outcome may still arrive.
        console.print()
        leases = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for column in ("on lease", "to", "attempt", "since"):
            leases.add_column(column)
        for run in unknown:
            leases.add_row(str(run.id), Text(run.worker or ""), str(run.attempts), ago(run.started))
        print_table(console, leases)
    if best := one.incumbent:
        console.print()
        console.print(
            Text.assemble(
                ("Incumbent ", "bold"),
                f"{best.configuration} · ",
                (signal_of(study.objective).stated(best.score), "bold green"),
                f" at {counted(best.epochs, 'epoch')}, "
                f"{'picked by the model' if best.model_based else 'drawn at random'}",
            ),
            soft_wrap=True,
        )
        print_table(console, hyperparameter_grid(best.hyperparameters))


def _workers(one: "StudyStatus") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in (*_WORKER_COLUMNS, "evaluation", "attempt", "since"):
        table.add_column(column)
    since = {(run.worker, str(run.id)): ago(run.started) for run in one.running}
    for worker in one.workers:
        table.add_row(
            *_worker_cells(worker),
            worker.evaluation or "idle",
            "" if worker.attempt is None else str(worker.attempt),
            since.get((worker.name, worker.evaluation or ""), ""),
        )
    return table


def _worker_cells(worker: SeenWorker) -> list[Text]:
    cells = (worker.name, worker.host, worker.device, worker.engine, ago(worker.heard))
    return [Text(cell) for cell in cells]  # not text: a name may look like rich's markup


def _names(one: "StudyStatus") -> set[str]:
    return {worker.name for worker in one.workers}


def print_campaign(console: Console, one: "CampaignStatus") -> None:
    """Print how far a campaign is: one row per condition, with its architecture PSNRs so far."""
    console.print(
        f"[bold]{one.name}[/] · campaign of {counted(len(one.conditions), 'condition')} · "
        f"{one.state}, last activity {ago(one.last_activity)}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"{one.finished} of {counted(one.trials, 'trial')} finished, "
        f"{duration(one.seconds)} of evaluation",
        highlight=False,
        soft_wrap=True,
    )
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("condition", overflow="fold")
    columns = ("trials", "crashed", "running", "best", "mean", "median")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for condition in one.conditions:
        table.add_row(
            condition.condition.name,
            f"{condition.finished}/{condition.condition.trials}",
            *(str(count) if count else "" for count in (condition.crashed, condition.running)),
            *(
                "" if psnr is None else f"{psnr:.2f}"
                for psnr in (condition.best, condition.mean, condition.median)
            ),
        )
    print_table(console, table)
    console.print("architecture PSNR in dB", style="dim")
    if one.workers:
        console.print()
        busy = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for column in (*_WORKER_COLUMNS, "job"):
            busy.add_column(column)
        for worker in one.workers:
            busy.add_row(*_worker_cells(worker), Text(worker.evaluation or "idle"))
        print_table(console, busy)
