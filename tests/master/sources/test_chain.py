"""Several sources served as one by real workers."""

import pytest

from configspace.campaign import Campaign
from master.service.snapshot import Snapshot
from master.sources.campaign import condition_jobs
from master.sources.chain import Chain
from results.store.store import Store
from tests.master.running import RunningMaster, small_study, workers
from tests.master.sources.fixed_jobs import reruns_of, seeds_in
from tests.master.sources.test_campaign import condition


def served(chain: Chain, store: Store, count: int, evaluate: str) -> Snapshot:
    running = RunningMaster(chain, store)
    with workers(running.start(), count, evaluate, once=True):
        return running.wait().snapshot


@pytest.mark.slow
def test_two_studies_are_served_as_one(store: Store) -> None:
    other = small_study(name="other", seed=4)
    store.begin(other, {})
    chain = Chain([reruns_of(store), reruns_of(store, study=other)])
    progress = served(chain, store, 2, "slow").progress
    for name in ("small", "other"):
        assert sum(part.trials for part in store.parts(name, "rerun").values()) == 5
    assert (progress.study, progress.finished) == ("small, other", 6)


@pytest.mark.slow
def test_conditions_are_served_one_after_the_other(store: Store) -> None:
    conditions = (condition(), condition(name="two", method="nets-only"))
    store.begin_campaign(Campaign(name="many", conditions=conditions), {})
    chain = Chain([condition_jobs(one, store, batch=3) for one in conditions], name="many")
    progress = served(chain, store, 2, "evaluate").progress
    assert (progress.study, progress.iterations_done, progress.iterations) == ("many", 2, 2)
    assert (progress.trials_done, progress.trials, progress.finished) == (14, 14, 6)
    assert len(set(seeds_in(store))) == 14


def test_a_chain_needs_a_source() -> None:
    with pytest.raises(ValueError, match="expected at least one source"):
        Chain([])
