"""Runs a master in its own process, as ``dartboard master`` does, that can kill itself.

It sends itself SIGKILL at a preset moment: while it stores an outcome (before, within or after the
transaction) or while it samples a configuration (before or after). It also logs the time of each
lease.
"""

import argparse
import faulthandler
import logging
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli.local.signals import stop_on_signals
from configspace.errors import DartboardError
from configspace.protocol import Lease
from configspace.study import Study
from master.bohb.sampler import Sampler
from master.credentials.folder import Folder
from master.dispatch.exchange import Exchange
from master.dispatch.leases import Entry
from master.service.lock import study_lock
from master.service.master import Master
from master.service.settings import ServiceSettings
from master.sources.study import BohbSource
from results.store.store import Store
from tests.drill.evaluations import name_of, note


def main() -> int:
    """Serve a study, and return 0 when it is done, 130 when it was stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--lease", type=float, default=1.0)
    parser.add_argument("--max-workers", type=int, default=32)
    parser.add_argument("--credentials", type=Path)
    parser.add_argument("--die", choices=("never", "storing", "sampling"), default="never")
    parser.add_argument("--spare", type=int, default=0, help="number of moments to skip first")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    faulthandler.register(signal.SIGUSR1)  # prints where a hung master is
    _note_leases(options.folder)
    _die_at(options.die, options.spare, random.Random(options.seed))
    study = Study.model_validate_json((options.folder / "study.json").read_text())
    try:
        return _serve(study, options)
    except DartboardError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _serve(study: Study, options: argparse.Namespace) -> int:
    with (
        stop_on_signals() as stop,
        Store.open(options.url) as store,
        study_lock(options.url, study.name),
    ):
        store.begin(study, {})
        master = Master(
            BohbSource.resume(study, store),
            store,
            ServiceSettings(
                host=options.host,
                insecure=True,  # a network of this machine's own
                port=options.port,
                lease_seconds=options.lease,
                heartbeat_seconds=options.lease / 5,
                max_workers=options.max_workers,
                credentials=None if options.credentials is None else Folder(options.credentials),
            ),
        )
        result = master.run(stop=stop)
        store.end(study.name, result.state)
    return 0 if result.state == "done" else 130


def _note_leases(folder: Path) -> None:
    give = Exchange._leased

    def leased(self: Exchange, entry: Entry) -> Lease:
        note(folder, "lease", os.getpid(), name_of(entry.submission.job.id))
        return give(self, entry)

    Exchange._leased = leased  # type: ignore[method-assign]


def _die_at(moment: str, spare: int, random: random.Random) -> None:
    left = spare + random.randrange(1, 12)

    def dying(method: Callable[..., Any], when: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0 and when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            answer = method(*arguments, **named)
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return call

    if moment == "sampling":
        Sampler.get_config = dying(  # type: ignore[method-assign]
            Sampler.get_config, random.choice(["before", "after"])
        )
    if moment == "storing":
        # `_end` returns within the transaction, `finish` after the commit.
        name, when = random.choice([("finish", "before"), ("_end", "after"), ("finish", "after")])
        setattr(Store, name, dying(getattr(Store, name), when))


if __name__ == "__main__":
    sys.exit(main())
