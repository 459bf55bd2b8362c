"""Beginning a campaign again, with another number of trials."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cli.session.campaign import begin_conditions
from configspace.campaign import Campaign
from configspace.condition import Condition
from configspace.hyperparameters import Hyperparameters
from configspace.versions import versions
from master.sources.fixed import FixedJobs
from results.analysis.campaign_status import campaign_status
from results.store.store import Store
from tests.results.made_up_campaign import filled_campaign, finish


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/a.db") as opened:
        yield opened


def begun(store: Store, campaign: Campaign, trials: int) -> list[FixedJobs]:
    """Begin a campaign with this number of trials per condition."""
    conditions = tuple(
        condition.model_copy(update={"trials": trials}) for condition in campaign.conditions
    )
    return begin_conditions(
        campaign.model_copy(update={"conditions": conditions}),
        store,
        share=8,
        accept_version_change=True,
    )


def test_fewer_trials_leave_nothing_to_run(store: Store) -> None:
    campaign = filled_campaign(store, trials=3)
    for source in begun(store, campaign, 1):
        progress = source.progress()
        assert (progress.trials_done, progress.trials) == (3, 3)
        assert source.next() == "done"


def test_the_status_counts_trials_beyond_those_requested(store: Store) -> None:
    campaign = filled_campaign(store, trials=3)
    begun(store, campaign, 1)
    (status,) = campaign_status(store.url, ["many"])
    assert (status.finished, status.trials) == (6, 6)


def test_a_crashed_trial_is_one_of_those_planned(store: Store) -> None:
    campaign = filled_campaign(store, trials=3, crashed=1)
    assert [source.trials for source in begun(store, campaign, 1)] == [3, 3]


def test_more_trials_are_planned(store: Store) -> None:
    campaign = filled_campaign(store, trials=3)
    assert [source.trials for source in begun(store, campaign, 5)] == [5, 5]
    (status,) = campaign_status(store.url, ["many"])
    assert (status.finished, status.trials) == (6, 10)


def test_fewer_trials_keep_the_given_architectures(store: Store) -> None:
    condition = Condition(
        campaign="exchange",
        name="given",
        method="given",
        preset="H1",
        hyperparameters=Hyperparameters.preset("H1"),
        trials=3,
        architectures=(("net",) * 10, ("roll",) * 10, ("noise",) * 10),
    )
    campaign = Campaign(name="exchange", conditions=(condition,))
    store.begin_campaign(campaign, versions())
    finish(store, condition, range(3), np.ones((3, 2)))
    fewer = condition.model_copy(
        update={"trials": 1, "architectures": (condition.architectures or ())[:1]}
    )
    begun(store, Campaign(name="exchange", conditions=(fewer,)), 1)
    (stored,) = store.campaign("exchange").conditions
    assert (stored.trials, stored.architectures) == (3, condition.architectures)
