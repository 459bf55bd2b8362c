"""`dartboard methods`: the methods of a campaign next to each other."""

from typing import Annotated

import typer

from cli.options import DEFAULT_STORE, Format, OutputFile, Picture, StoreUrl

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: dartboard methods robustdarts\n\n"
    "Example: dartboard methods robustdarts --format markdown -o methods.md --picture methods.png"
)
def methods(
    names: Annotated[list[str], typer.Argument(metavar="CAMPAIGN", help="Names of campaigns.")],
    store: StoreUrl = DEFAULT_STORE,
    failed_below: Annotated[
        float,
        typer.Option(
            "--failed-below",
            metavar="DB",
            min=-1000,
            max=1000,
            help="PSNR below which a trial has failed.",
        ),
    ] = 10.0,
    format: Format = "text",
    output: OutputFile = None,
    picture: Picture = None,
) -> None:
    """Compare the methods of a campaign with DARTS and with random architectures at equal cost.

    Conditions that differ only in their method form a group. The table has the scores and the cost
    of each method, and its differences to DARTS, to the best of as many random architectures as
    its cost allows, and for R-DARTS to the best of four searches of DARTS. The verdicts follow the
    rules in docs/reference/rules.md.
    """
    from cli.console.report import Section, check_format, write_picture, write_report
    from results.analysis.method_runs import load_methods
    from results.analysis.method_table import frame, gains_grid, notes, scores_grid, sentences
    from results.analysis.methods import judge

    check_format(format, output, picture)
    judged = [judge(group, failed_below=failed_below) for group in load_methods(store, names)]
    sections = [
        Section(one.group.name, (scores_grid(one), gains_grid(one)), sentences(one))
        for one in judged
    ]
    write_report(sections, notes(judged), frame(judged), format=format, output=output)
    if picture is not None:
        from results.plots.methods import methods_figure

        write_picture(methods_figure(judged), picture)
