"""From a study and a store to a master that serves it: lock, begin, replay, run."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from configspace.study import Study
from master.bohb import BohbSource
from master.lock import study_lock
from master.service import Ending, Master
from master.snapshot import Snapshot
from results.store import Store


def run_study(
    study: Study,
    store: Store,
    *,
    versions: Mapping[str, str],
    stop: threading.Event,
    on_change: Callable[[Snapshot], None] | None = None,
    **options: Any,
) -> Ending:
    """Begin a study, or go on with it, and serve it until it is done or stopped.

    Args:
        study: What to run; with more iterations than before, it grows.
        store: Where it is kept.
        versions: The version of each package that has a part in the results.
        stop: Set to stop.
        on_change: Called with a snapshot, several times a second at most.
        **options: `Master`'s: host, port, lease_seconds, max_workers, on_listening, ….

    Raises:
        ServiceError: If the study has a master already, or the port cannot be had.
        StudyError: If the store has a study of this name with other settings.
        StoreError: If the store cannot be read or written.
    """
    with study_lock(store.url, study.name):
        store.begin(study, dict(versions))
        master = Master(BohbSource.resume(study, store), store, **options)
        ending = master.run(stop=stop, on_change=on_change)
        store.end(study.name, ending.state)
        return ending
