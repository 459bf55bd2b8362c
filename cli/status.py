"""`dartboard status`: how far the studies of a store are."""

from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.display import incumbent_text
from cli.words import duration
from results.status import StudyStatus, status


def show_status(url: str, name: str | None) -> None:
    """Print one study's status, or a line for each study of the store.

    Raises:
        StoreError: If the store cannot be read, or lacks the study.
    """
    console = Console()
    found = status(url, [name] if name else [])
    if not found:
        console.print(f"no study yet in {url}; begin one with: dartboard run STUDY.toml")
    elif name:
        _show_one(console, found[0])
    else:
        console.print(_overview(found))


def _overview(studies: list[StudyStatus]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("study", "objective", "problem", "state", "evaluations", "incumbent", "last"):
        table.add_column(column, no_wrap=True)
    for one in studies:
        best = one.incumbent
        table.add_row(
            one.study.name,
            one.study.objective,
            one.study.problem.name,
            one.state,
            f"{one.effort.finished} done",
            f"{best.psnr:.2f} dB at {best.epochs}" if best else "none yet",
            _ago(one.last_activity),
        )
    return table


def _show_one(console: Console, one: StudyStatus) -> None:
    study, effort = one.study, one.effort
    console.print(
        f"[bold]{study.name}[/] · {study.objective} · {study.problem.name} · "
        f"{study.architecture.space} space, {study.architecture.operations} operations · "
        f"{one.state}, last activity {_ago(one.last_activity)}",
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
            leases.add_row(str(run.id), run.worker, str(run.attempts), _ago(run.started))
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
    since = {(run.worker, str(run.id)): _ago(run.started) for run in one.running}
    for worker in one.workers:
        table.add_row(
            worker.name,
            worker.device,
            worker.engine,
            _ago(worker.heard),
            worker.evaluation or "idle",
            "" if worker.attempt is None else str(worker.attempt),
            since.get((worker.name, worker.evaluation or ""), ""),
        )
    return table


def _names(one: StudyStatus) -> set[str]:
    return {worker.name for worker in one.workers}


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return "never"
    return f"{duration(max(0.0, (datetime.now(UTC) - moment).total_seconds()))} ago"
