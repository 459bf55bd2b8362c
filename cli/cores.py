"""How local workers and their threads share the machine's cores."""

import os


def available_cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity to ask for
        return os.cpu_count() or 1


def split(cores: int, trials: int, *, workers: int = 0, threads: int = 0) -> tuple[int, int]:
    """Divide the cores: workers × threads does not exceed them unless it was asked for.

    A thread computes one trial at a time, so threads beyond an evaluation's trials would idle, and
    so would some of them in its last round where threads do not divide the trials. Among the
    divisions that waste least, the one with the fewest workers wins: fewer evaluations at once
    means that each is picked by a model that has seen more.

    Args:
        cores: Cores that may be used.
        trials: Trials an evaluation.
        workers: A number of workers asked for; 0: to be chosen.
        threads: A number of threads asked for; 0: to be chosen.

    Returns:
        (workers, threads), each at least 1.
    """
    if workers and threads:
        return workers, threads
    if workers:
        return workers, max(1, min(trials, cores // workers))
    if threads:
        return max(1, cores // threads), threads

    def throughput(threads: int) -> float:
        rounds = -(-trials // threads)
        return (cores // threads) * trials / rounds

    best = max(range(1, min(cores, trials) + 1), key=lambda count: (throughput(count), count))
    return cores // best, best
