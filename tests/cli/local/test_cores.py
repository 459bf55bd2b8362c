"""How workers and threads share the cores."""

from pathlib import Path

import pytest

from cli.local.cores import available_cores, cpu_quota, split


def machine(root: Path, groups: str, files: dict[str, str]) -> Path:
    """Make the files in which a kernel shows the control groups of a process."""
    for name, text in {"proc/self/cgroup": groups, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("text", "quota"),
    [("200000 100000", 2.0), ("150000 100000", 1.5), ("max 100000", float("inf"))],
)
def test_a_containers_quota_is_read(tmp_path: Path, text: str, quota: float) -> None:
    root = machine(tmp_path, "0::/\n", {"sys/fs/cgroup/cpu.max": text + "\n"})

    assert cpu_quota(root) == quota


def test_the_smallest_quota_of_nested_groups_counts(tmp_path: Path) -> None:
    folder = "sys/fs/cgroup/a.slice"
    files = {f"{folder}/cpu.max": "300000 100000", f"{folder}/b.scope/cpu.max": "max 100000"}

    assert cpu_quota(machine(tmp_path, "0::/a.slice/b.scope\n", files)) == 3


@pytest.mark.parametrize("folder", ["cpu", "cpu,cpuacct"])
@pytest.mark.parametrize(("text", "quota"), [("50000", 0.5), ("-1", float("inf"))])
def test_a_quota_of_version_1_is_read(tmp_path: Path, folder: str, text: str, quota: float) -> None:
    # Inside a container, its group is the top of the folder, but has the name from outside.
    files = {
        f"sys/fs/cgroup/{folder}/cpu.cfs_quota_us": text + "\n",
        f"sys/fs/cgroup/{folder}/cpu.cfs_period_us": "100000\n",
    }
    groups = f"5:memory:/docker/1\n4:{folder}:/docker/1\n0::/\n"

    assert cpu_quota(machine(tmp_path, groups, files)) == quota


def test_without_control_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) == float("inf")
    assert available_cores(tmp_path) >= 1


@pytest.fixture
def _64_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)


@pytest.mark.usefixtures("_64_cores")
def test_without_a_quota_all_cores_are_available(tmp_path: Path) -> None:
    assert available_cores(tmp_path) == 64


@pytest.mark.usefixtures("_64_cores")
def test_a_quota_limits_the_cores(tmp_path: Path) -> None:
    machine(tmp_path, "0::/\n", {"sys/fs/cgroup/cpu.max": "250000 100000"})
    assert available_cores(tmp_path) == 2


@pytest.mark.usefixtures("_64_cores")
def test_a_small_quota_leaves_one_core(tmp_path: Path) -> None:
    machine(tmp_path, "0::/\n", {"sys/fs/cgroup/cpu.max": "50000 100000"})
    assert available_cores(tmp_path) == 1


@pytest.mark.parametrize("cores", [1, 2, 3, 8, 64])
@pytest.mark.parametrize("trials", [1, 3, 4, 8, 25, 75])
def test_workers_times_threads_never_exceed_the_cores(cores: int, trials: int) -> None:
    workers, threads = split(cores, trials)

    assert workers * threads <= cores


def test_one_worker_takes_both_cores() -> None:
    assert split(2, 8) == (1, 2)


def test_one_trial_per_evaluation_gives_two_workers() -> None:
    assert split(2, 1) == (2, 1)


def test_an_odd_number_of_trials_idles_no_core() -> None:
    assert split(2, 3) == (2, 1)


def test_eight_trials_fill_64_cores() -> None:
    assert split(64, 8) == (8, 8)


def test_requested_numbers_are_kept() -> None:
    assert split(2, 8, workers=3, threads=4) == (3, 4)
    assert split(8, 8, workers=2) == (2, 4)
    assert split(8, 8, threads=2) == (4, 2)
