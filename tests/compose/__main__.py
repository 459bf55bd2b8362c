"""Test every promise about the Compose files, one after another."""

import signal
import sys
import time
from itertools import combinations

from tests.compose.damage import run_damaged
from tests.compose.database import run_into_postgresql
from tests.compose.engine import KNOWN, NoEngineError, compose_commands, engine
from tests.compose.far import run_with_a_far_worker
from tests.compose.images import build, have_base, have_postgres
from tests.compose.pages import run_the_pages
from tests.compose.project import STUDIES, Project, project
from tests.compose.statuses import check_a_misspelt_path, run_to_each_end
from tests.compose.undisturbed import run_undisturbed

OVERRIDES = ("docker-compose.published.yml", "docker-compose.gpu.yml")


def main() -> int:
    """Run all tests and print the measurements; return the exit code."""
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the engine is stopped, too
    try:
        with engine():
            commands = compose_commands()
            for command in KNOWN:
                found = "found" if command in commands else "not found, so not tested"
                print(f"{' '.join(command)}: {found}", flush=True)
            with project(commands[0]) as made:
                _show(made, commands)
    except NoEngineError as reason:
        print(f"test-compose: skipped: {reason}")
        return 0
    print(f"test-compose: passed in {time.monotonic() - began:.0f} s")
    return 0


def _show(made: Project, commands: list[list[str]]) -> None:
    """Run everything with the first Compose; with another one, a build and one study."""
    _say("Compose accepts all files")
    _check_files(made, commands)
    _say("build the image")
    have_base()
    _print(build(made))
    _say("run two studies; the master exports their incumbents and comparison")
    _print(run_undisturbed(made))
    undisturbed = made.evaluations()
    _say("end a study in each way")
    _print(run_to_each_end(made))
    check_a_misspelt_path(made)
    made.clear()
    _say("kill a worker and the master, stop and start all services")
    _print(run_damaged(made, undisturbed))
    made.clear()
    _say("disconnect a worker behind NAT, without and with credentials")
    _print(run_with_a_far_worker(made, undisturbed))
    made.clear()
    _say("keep the store in PostgreSQL")
    have_postgres()
    _print(run_into_postgresql(made, undisturbed))
    made.clear()
    _say("run the commands that the pages show")
    _print(run_the_pages(made))
    for command in commands[1:]:
        _say(f"build and run one study with {' '.join(command)}")
        made.use(command)
        made.set(DARTBOARD_STUDY=f"studies/{STUDIES[0]}.toml", DARTBOARD_STORE="")
        made.compose("build")
        made.up(1)
        made.wait_for_the_end()
        made.clear()


def _print(figures: dict[str, str]) -> None:
    for what, value in figures.items():
        print(f"  {what}: {value}", flush=True)


def _check_files(made: Project, commands: list[list[str]]) -> None:
    made.set(DARTBOARD_HOST="desk", DARTBOARD_MASTER="desk:9090", DARTBOARD_CREDENTIALS="./a.pem")
    base = ["docker-compose.yml"]
    chosen = [base + list(more) for count in range(3) for more in combinations(OVERRIDES, count)]
    remote = "docker-compose.worker.yml"
    chosen += [[remote], [remote, "docker-compose.worker-gpu.yml"]]
    for command in commands:
        for files in chosen:
            made.compose("config", "-q", files=files, command=command)
            if files[:1] == base:
                made.compose(
                    *("--profile", "postgres", "--profile", "test", "config", "-q"),
                    files=files,
                    command=command,
                )
        version = made.compose("version", "--short", command=command).strip()
        print(f"  {' '.join(command)} {version}: {len(chosen)} combinations of files")


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
