"""Serving the searches of a campaign with ``[strategies]``, and the summary of the run."""

import contextlib
from collections.abc import Sequence

from cli.session.campaign import conclude
from cli.session.serve import Session
from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.errors import StoreError
from configspace.names import counted
from configspace.strategy_search import StrategySearch
from configspace.versions import versions
from master.service.lock import study_lock
from master.sources.chain import Chain
from master.sources.strategies import StrategySource
from results.store.store import Store


def serve_searches(searches: Sequence[StrategySearch], session: Session) -> int:
    """Serve what is missing of the searches of a campaign; return the exit code.

    Args:
        searches: At least one search, all of one campaign.
        session: The store, the workers and the settings.

    Raises:
        DartboardError: If the store, the port or the workers cannot be used, the store has the
            campaign with other settings, or no trial finished.
    """
    name = searches[0].setting.campaign
    session.logs.set_up(session.console, study=name)
    size = f"{len(searches)} searches" if len(searches) > 1 else "1 search"
    with Store.open(session.url) as store, study_lock(session.url, name):
        sources = _sources(searches, store, session)
        # Random search waits for nothing, so it fills the gaps in which the others wait.
        order = sorted(range(len(searches)), key=lambda one: searches[one].strategy == "random")
        chain = Chain([sources[index] for index in order], name=name, rounds="searches")
        result = None
        try:
            for source in sources:
                source.resume()
            before = chain.progress()
            if before.trials_done:
                resumed = counted(before.trials_done, "finished trial")
                session.console.print(f"campaign {name}: resuming after {resumed}", highlight=False)
            if before.iterations_done < before.iterations:
                title = f"[bold]{name}[/] · {size} · {counted(before.trials, 'trial')}"
                result = session.serve(chain, store, title)
        finally:
            with contextlib.suppress(StoreError):  # the store itself may have failed
                for source in sources:
                    for study in source.conditions:
                        store.end(study, "done" if source.is_complete() else "stopped")
    return conclude(chain, result, session, size)


def _sources(
    searches: Sequence[StrategySearch], store: Store, session: Session
) -> list[StrategySource]:
    """Return a source for each search, at its beginning."""
    found = versions()

    def begin(condition: Condition) -> None:
        store.begin_campaign(
            Campaign(name=condition.campaign, conditions=(condition,)),
            found,
            accept_version_change=session.accept_version_change,
        )

    workers = session.local.count if session.local else 1
    return [StrategySource(search, store, begin, workers=workers) for search in searches]
