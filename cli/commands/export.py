"""`dartboard export`: results as a table, to a file or to standard output."""

from typing import Annotated, Literal

import typer

from cli.options import DEFAULT_STORE, OutputFile, StoreUrl

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: dartboard export blur-final --what incumbents --format latex")
def export(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME", help="Names of studies, or names of campaigns."),
    ],
    what: Annotated[
        Literal["incumbents", "evaluations", "trials", "curves", "conditions", "candidates"],
        typer.Option("--what", help="Table to export."),
    ] = "incumbents",
    format: Annotated[
        Literal["csv", "parquet", "json", "markdown", "latex"],
        typer.Option("--format", help="Format of the table."),
    ] = "csv",
    output: OutputFile = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Write results as a table.

    Studies have incumbents, campaigns have conditions, and the scores that supernets give to
    candidates. Both have evaluations, trials and curves.
    """
    from cli.console.output import write_bytes
    from cli.console.report import check_format
    from results.export import exported

    check_format(format, output)
    write_bytes(exported(store, names, what=what, format=format), output)
