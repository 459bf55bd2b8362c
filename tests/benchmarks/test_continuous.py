"""The benchmark of continuous parameters runs and prints its ratios."""

import json

import pytest

from tests.benchmarks.running import printed


@pytest.mark.slow
def test_ratios_are_those_of_the_times() -> None:
    found = json.loads(printed("continuous", "--repetitions 1 --epochs 3 --batches 1"))
    seconds = found["seconds_per_epoch"]
    assert min(seconds.values()) > 0
    ratio = found["ratios"]["dilated over undilated, numba"]
    assert ratio == pytest.approx(seconds["numba dilated"] / seconds["numba"])
