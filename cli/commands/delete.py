"""`dartboard delete`: remove a study or a campaign and its results, after asking."""

import sys

import typer

from master.service.lock import study_lock
from results.store.store import Store


def delete_study(url: str, name: str, *, ask: bool) -> int:
    """Delete a study or a campaign; return the exit code: 0, or 1 if the user declined.

    Raises:
        StoreError: If there is no such store, study or campaign.
        ServiceError: If it has a master at work.
    """
    with Store.open(url, create=False) as store:
        kind = "campaign" if name in store.campaign_names() else "study"
        if kind == "study":
            store.study(name)
        with study_lock(url, name):  # a master that runs must not lose its study
            if ask and not typer.confirm(
                f"Delete {kind} '{name}' and all its results from {url}? This cannot be undone."
            ):
                print("nothing was deleted", file=sys.stderr)
                return 1
            store.delete(name)
    print(f"deleted {kind} '{name}'")
    return 0
