"""The figures that the drill computes from its record."""

from tests.drill.record import Ended, Hit, Span, Spans, longest_stall, run_twice

HIT = Hit(at=10.0, victims=frozenset({1}), others=frozenset({2}))


def spans(*attempts: Span, leases: tuple[tuple[float, str], ...] = ()) -> Spans:
    return Spans(list(attempts), list(leases), [])


def test_recovery_lasts_until_interrupted_evaluations_end() -> None:
    seen = spans(Span(1, "a", 9.0), Span(2, "b", 9.5, 10.5), Span(2, "a", 11.0, 12.0))
    ends = {"b": Ended("finished", 0.0, 10.5)}
    assert HIT.recovery(seen, ends) is None
    assert HIT.recovery(seen, ends | {"a": Ended("finished", 0.0, 12.0)}) == 2.0


def test_without_an_interruption_recovery_lasts_until_the_next_end() -> None:
    seen = spans(Span(1, "a", 8.0, 9.0), Span(2, "b", 9.5, 10.5))
    ends = {"a": Ended("finished", 0.0, 9.0), "b": Ended("finished", 0.0, 10.5)}
    assert HIT.recovery(seen, ends) == 0.5


def test_a_stall_is_an_undamaged_workers_longest_break() -> None:
    seen = spans(Span(2, "a", 9.0, 10.25), Span(1, "b", 9.0, 9.5), Span(2, "c", 11.75, 12.0))
    assert longest_stall(HIT, 12.0, seen) == 1.5


def test_a_worker_without_another_job_stalls_until_recovery() -> None:
    assert longest_stall(HIT, 13.0, spans(Span(2, "a", 9.0, 9.5))) == 3.0


def test_a_lease_after_the_end_is_a_second_run() -> None:
    ends = {"a": Ended("finished", 0.0, 10.0), "b": Ended("finished", 0.0, 10.0)}
    assert run_twice(spans(leases=((9.0, "a"), (10.5, "b"))), ends) == ["b"]
