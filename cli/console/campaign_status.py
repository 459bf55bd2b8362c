"""`dartboard status` of a campaign: a row a condition."""

from rich.console import Console
from rich.table import Table

from cli.console.words import ago, duration
from results.analysis.campaign_status import CampaignStatus


def show_campaign(console: Console, one: CampaignStatus) -> None:
    """Print how far a campaign is, condition by condition, with the architectures' PSNRs so far."""
    console.print(
        f"[bold]{one.name}[/] · campaign of {len(one.conditions)} conditions · {one.state}, "
        f"last activity {ago(one.last_activity)}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"{one.finished} of {one.trials} trials finished, {duration(one.seconds)} of evaluation",
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
    console.print(table)
    console.print("architecture PSNR in dB", style="dim")
    if one.workers:
        console.print()
        busy = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for column in ("worker", "device", "engine", "heard of", "job"):
            busy.add_column(column)
        for worker in one.workers:
            job = worker.evaluation or "idle"
            busy.add_row(worker.name, worker.device, worker.engine, ago(worker.heard), job)
        console.print(busy)
