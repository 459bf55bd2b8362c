"""Measure the time to sample a configuration, and compare it with hpbandster's sampler ("stock").

Examples:

    python -m benchmarks.sampler
    python -m benchmarks.sampler --observations 100,1000 --json -

As in a study, each call adds a result and asks for one configuration. Stock refits when it
receives a result; our sampler refits when it samples after a result. The time of both counts. Both
samplers get the same results of the eight hyperparameters on one budget, and every configuration
comes from the model. The samplers alternate in rounds of a few calls; the first two calls of each
round do not count. The output has medians over all calls, in ms of processor time.
"""

import argparse
import json
import math
import statistics
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks import stock
from configspace.bohb import BohbSettings
from configspace.hyperparameters import DOMAINS
from configspace.space import configuration_space
from master.bohb.sampler import Sampler

BUDGET = 50
UNCOUNTED = 2
OURS_PER_ROUND, STOCK_PER_ROUND = 12, 4
SPACE = configuration_space(DOMAINS)

Row = dict[str, Any]


def outcomes(count: int) -> list[Any]:
    """Return results of random configurations; a small `alpha_lr` and Adam have a low loss."""
    source = Sampler(SPACE, BohbSettings(random_fraction=1.0), seed=1)
    jobs = []
    for index in range(count):
        id = (index, 0, 0)
        values, _ = source.get_config(BUDGET, id)
        loss = abs(math.log10(float(values["alpha_lr"])) + 4)
        loss -= 0.4 * (values["alpha_optimizer"] == "adam")
        call = {"budget": BUDGET, "config": values}
        jobs.append(SimpleNamespace(id=id, kwargs=call, result={"loss": loss}, exception=None))
    return jobs


def time_dartboard(known: list[Any], new: list[Any]) -> list[tuple[float, float]]:
    """Return the seconds to add each new result and to sample a configuration after it."""
    sampler = Sampler(SPACE, BohbSettings(random_fraction=0.0), seed=0)
    for job in known:
        sampler.new_result(job)
    times = []
    for job in new:
        began = time.process_time()
        sampler.new_result(job)
        between = time.process_time()
        _, info = sampler.get_config(BUDGET, (job.id[0], 1, 0))
        times.append((between - began, time.process_time() - between))
        assert info["model_based_pick"]
    return times[UNCOUNTED:]


def time_hpbandster(known: list[Any], new: list[Any]) -> list[tuple[float, float]]:
    """Return the same seconds for hpbandster's sampler."""
    np.random.seed(0)  # noqa: NPY002  # it uses only the global state
    sampler = stock.generator(SPACE, random_fraction=0.0)
    for job in known:
        sampler.new_result(job, update_model=False)
    times = []
    for job in new:
        began = time.process_time()
        sampler.new_result(job)
        between = time.process_time()
        _, info = sampler.get_config(BUDGET)
        times.append((between - began, time.process_time() - between))
        assert info["model_based_pick"]
    return times[UNCOUNTED:]


def compare(observations: int, rounds: int) -> Row:
    """Return the costs of both samplers for a number of observations."""
    jobs = outcomes(observations + UNCOUNTED + max(OURS_PER_ROUND, STOCK_PER_ROUND))
    known, new = jobs[:observations], jobs[observations:]
    own_times: list[tuple[float, float]] = []
    stock_times: list[tuple[float, float]] = []
    for _ in range(rounds):
        stock_times += time_hpbandster(known, new[: UNCOUNTED + STOCK_PER_ROUND])
        own_times += time_dartboard(known, new[: UNCOUNTED + OURS_PER_ROUND])

    def cost(times: list[tuple[float, float]]) -> float:
        return 1e3 * statistics.median(sum(pair) for pair in times)

    return {
        "observations": observations,
        "stock_ms": cost(stock_times),
        "stock_result_ms": 1e3 * statistics.median(result for result, _ in stock_times),
        "stock_sample_ms": 1e3 * statistics.median(sample for _, sample in stock_times),
        "ours_ms": cost(own_times),
        "ours_least_ms": 1e3 * min(sum(pair) for pair in own_times),
        "ratio": cost(stock_times) / cost(own_times),
    }


def table(rows: list[Row]) -> str:
    """Return a Markdown table."""
    lines = [
        "| observations | stock: refit | stock: sample | stock: both | dartboard: both | ratio |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row['observations']:,} | {row['stock_result_ms']:.2f} "
            f"| {row['stock_sample_ms']:.1f} | {row['stock_ms']:.1f} | {row['ours_ms']:.2f} "
            f"| {row['ratio']:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the comparison, and print its results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sampler",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--observations",
        default="100,1000,10000",
        metavar="N,M",
        help="numbers of results, separated by commas (default: %(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument(
        "--json", metavar="FILE", help="write the rows to a file; - prints only them"
    )
    options = parser.parse_args()
    with stock.without_warnings():
        rows = [compare(int(n), options.rounds) for n in options.observations.split(",")]
    if options.json == "-":
        print(json.dumps(rows, indent=2))
        return
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")
    print("CPU time in ms to add a result and to sample a configuration:\n")
    print(table(rows))


if __name__ == "__main__":
    main()
