"""How local workers and their threads share the machine's cores."""

import os
from pathlib import Path


def available_cores(root: Path = Path("/")) -> int:
    """Return how many cores this process may use: those it may run on, within a container's quota.

    Args:
        root: Where the kernel's ``proc`` and ``sys`` are.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity to ask for
        cores = os.cpu_count() or 1
    return max(1, int(min(cores, cpu_quota(root))))


def cpu_quota(root: Path = Path("/")) -> float:
    """Return the processors' time a second that control groups leave this process.

    The least of its group's and of all groups above it that can be seen. Version 2 keeps it in
    ``cpu.max``, as "quota period" or "max period"; version 1 in two files, with a quota of −1 for
    none. A container sees its own group at the top, whatever the name is outside.

    Args:
        root: Where the kernel's ``proc`` and ``sys`` are.

    Returns:
        2.0 for two processors' worth; infinity where there is no quota, or no control groups.
    """
    quota = float("inf")
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        names = ("",) if number == "0" else ("cpu", "cpu,cpuacct")
        if number != "0" and "cpu" not in controllers.split(","):
            continue
        for top in (root / "sys/fs/cgroup" / name for name in names):
            group = top / path.lstrip("/")
            for place in (group, *group.parents):
                quota = min(quota, _group_quota(place))
                if place == top:
                    break
    return quota


def _group_quota(group: Path) -> float:
    """Return one group's quota, of either version."""
    words = _text(group / "cpu.max").split() or [
        _text(group / "cpu.cfs_quota_us").strip(),
        _text(group / "cpu.cfs_period_us").strip(),
    ]
    if words[0] in ("", "max", "-1"):
        return float("inf")
    return int(words[0]) / int(words[1])


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # no such group here, or no control groups at all
        return ""


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
