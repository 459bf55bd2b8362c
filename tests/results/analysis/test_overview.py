"""All studies and campaigns of a store at a glance, on every kind of store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from configspace.hyperparameters import Hyperparameters
from results.analysis.campaign_status import campaign_status
from results.analysis.overview import overview
from results.analysis.status import status
from results.store.store import Store
from tests.results.made_up import filled, id_of, study
from tests.results.made_up_campaign import filled_campaign


@contextmanager
def statements() -> Iterator[list[str]]:
    """Yield a list to which every statement that any engine executes is added."""
    seen: list[str] = []

    def executed(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    sa.event.listen(sa.Engine, "before_cursor_execute", executed)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", executed)


def queries(read: Callable[[], object]) -> int:
    with statements() as seen:
        read()
    return len(seen)


@pytest.fixture
def several(url: str) -> str:
    """Return a store with studies and a campaign in several states."""
    with Store.open(url) as store:
        filled(store, "full", reruns=4)
        filled(store, "one-shot", "one-shot", seed=1)
        store.begin(study("new"), {})
        store.submit("new", id_of(0), Hyperparameters(), model_based=False)
        store.lease("new", id_of(0), worker="w", token="t", attempt=1)
        filled_campaign(store, trials=7, crashed=1)
        filled_campaign(store, "planned", trials=0)
    return url


def test_studies_are_as_in_their_status(several: str) -> None:
    studies, _ = overview(several)
    full = status(several)
    assert [(one.study, one.state, one.last_activity) for one in studies] == [
        (one.study, one.state, one.last_activity) for one in full
    ]
    assert [one.finished for one in studies] == [one.effort.finished for one in full]
    assert [one.best for one in studies] == [
        None if one.incumbent is None else (one.incumbent.score, one.incumbent.epochs)
        for one in full
    ]


def test_campaigns_are_as_in_their_status(several: str) -> None:
    _, campaigns = overview(several)
    full = campaign_status(several, ["many", "planned"])
    assert [
        (one.name, one.state, one.finished, one.trials, one.last_activity) for one in campaigns
    ] == [(one.name, one.state, one.finished, one.trials, one.last_activity) for one in full]


def test_an_equal_loss_that_ended_first_counts(url: str) -> None:
    with Store.open(url) as store:
        filled(store, configurations=1, trials=1)
    ((one,), _) = overview(url)
    assert one.best is not None
    assert one.best[1] == 50


@pytest.mark.slow
def test_more_studies_take_no_more_queries(url: str) -> None:
    with Store.open(url) as store:
        filled(store, "first", configurations=1, trials=1)
        filled_campaign(store, "one")
        few = queries(lambda: overview(url))
        for number in range(12):
            filled(store, f"study-{number}", configurations=1, trials=1)
        filled_campaign(store, "two")
        store.begin(study("running"), {})
    assert queries(lambda: overview(url)) <= few


def test_more_conditions_take_no_more_queries(url: str) -> None:
    with Store.open(url) as store:
        campaign = filled_campaign(store)
        few = queries(lambda: campaign_status(url, ["many"]))
        more = [
            condition.model_copy(update={"name": f"{condition.name}-{number}"})
            for condition in campaign.conditions
            for number in range(6)
        ]
        store.begin_campaign(campaign.model_copy(update={"conditions": tuple(more)}), {})
    assert queries(lambda: campaign_status(url, ["many"])) == few
