"""How local workers and their threads share the cores of this machine."""

import os
from pathlib import Path


def available_cores(root: Path = Path("/")) -> int:
    """Return the number of cores that this process may use, within its affinity and quota.

    Args:
        root: Folder that holds the kernel's ``proc`` and ``sys``.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows do not report an affinity
        cores = os.cpu_count() or 1
    return max(1, int(min(cores, cpu_quota(root))))


def cpu_quota(root: Path = Path("/")) -> float:
    """Return the CPU quota that control groups leave this process, in seconds per second.

    This is the smallest quota of its group and of all visible groups above it. Version 2 keeps
    the quota in ``cpu.max``, as "quota period" or "max period"; version 1 keeps it in two files,
    where −1 means no quota. A container sees its own group at the top, whatever its name outside.

    Args:
        root: Folder that holds the kernel's ``proc`` and ``sys``.

    Returns:
        2.0 for two processors; infinity without a quota or without control groups.
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
    """Return the quota of one group, of either version."""
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
    """Divide the cores among workers and threads.

    Workers × threads does not exceed the cores, unless both were requested. A thread computes one
    trial at a time. So threads beyond the trials of an evaluation would idle, and some threads
    idle in the last round if their number does not divide the trials. Among the divisions
    with the least idle time, this returns the one with the fewest workers: with fewer evaluations
    at once, the model that picks each has seen more outcomes.

    Args:
        cores: Number of cores that may be used.
        trials: Trials per evaluation.
        workers: Requested number of workers; 0 leaves the choice to this function.
        threads: Requested number of threads per worker; 0 leaves the choice to this function.

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
