"""`dartboard delete`: remove a study or a campaign and its results, after asking."""

import sys
from typing import Annotated

import typer

from cli.options import DEFAULT_STORE, StoreUrl

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: dartboard delete quickstart-final")
def delete(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of a study or a campaign in the store.")
    ],
    store: StoreUrl = DEFAULT_STORE,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
) -> int:
    """Delete a study or a campaign and all its results from the store, after asking."""
    from master.service.lock import check_silent, study_lock
    from results.store.store import Store

    with Store.open(store, create=False) as opened:
        kind = "campaign" if name in opened.campaign_names() else "study"
        if kind == "study":
            opened.study(name)
        check_silent(opened, name)
        with study_lock(store, name):  # a running master must not lose its study
            if not yes and not typer.confirm(
                f"Delete {kind} '{name}' and all its results from {store}? This cannot be undone."
            ):
                print("nothing was deleted", file=sys.stderr)
                return 1
            opened.delete(name)
    print(f"deleted {kind} '{name}'")
    return 0
