"""Runs the commands for Compose that the pages show, as they show them.

`STEPS` lists them in an order in which they make sense. `NEEDS_GPU` has those that cannot run
here. tests/ci/test_compose_pages.py checks that every shown command is in one of them.
"""

import re
import time
from functools import partial
from pathlib import Path

from tests.compose.project import Project

BACKUP = (
    "docker compose run --rm -T master tar -c -C / data worker dartboard/credentials > backup.tar",
    "docker compose run --rm -T master sh -c 'rm -rf /data/* && tar -x -C /' < backup.tar",
)
DUMP = "docker compose exec -T postgres pg_dump -U dartboard --clean --if-exists > backup.sql"
RESTORE = "docker compose exec -T postgres psql -q -1 -v ON_ERROR_STOP=1 -U dartboard < backup.sql"
WAIT = "status=$(docker wait $(docker compose ps -aq master))"
EXPORT = "dartboard export blur-final -o exports/blur-final.csv"
ISSUE = (
    "docker compose exec -T master dartboard credentials issue gpu-box > gpu-box.new && "
    "mv gpu-box.new gpu-box.pem"
)
STEPS = (
    "docker compose build",
    "docker compose up --scale worker=2",
    "docker compose logs -f master",
    "docker compose up",  # everything is done already
    "docker compose up -d --scale worker=2",
    WAIT,
    "docker wait $(docker compose ps -aq master)",
    "docker compose logs master",
    "echo 'DARTBOARD_STUDY=studies/paper/blur-one-shot.toml studies/paper/blur-final.toml' >> .env",
    "docker compose up -d --scale worker=4",
    "wait: blur-final",
    "docker compose exec master dartboard status",
    f"docker compose exec master {EXPORT}",
    "docker compose up -d --scale worker=3",
    "docker compose stop",
    "docker compose up -d",
    WAIT,
    "docker compose run --rm master dartboard status",
    f"docker compose run --rm master {EXPORT}",
    "docker compose run --rm master dartboard compare blur-one-shot blur-final --trials 75",
    *BACKUP,
    "docker compose run --rm master dartboard status",
    "docker compose run --rm test",
    "echo 'DARTBOARD_STORE=postgresql://dartboard:dartboard@postgres/dartboard' >> .env",
    "echo 'COMPOSE_PROFILES=postgres' >> .env",
    "docker compose up -d --scale worker=2",
    "wait: blur-final",
    DUMP,
    "docker compose stop master worker",
    RESTORE,
    "docker compose up -d",
    WAIT,
    "echo 'DARTBOARD_HOST=desk.example.org' >> .env",
    "echo 'COMPOSE_FILE=docker-compose.yml:docker-compose.published.yml' >> .env",
    "docker compose down --volumes",
    "docker compose up -d --scale worker=2",
    ISSUE,
    "docker compose exec master dartboard credentials revoke gpu-box",
    "docker compose down --volumes",
)
NEEDS_GPU = (
    "docker compose -f docker-compose.yml -f docker-compose.gpu.yml up",
    "DARTBOARD_MASTER=desk.example.org:9090 DARTBOARD_CREDENTIALS=./gpu-box.pem docker compose "
    "-p dartboard-worker -f docker-compose.worker.yml -f docker-compose.worker-gpu.yml up",
    "docker build --target gpu -t dartboard:gpu . && docker run --rm --gpus all "
    '-v "$PWD/gpu-box.pem:/gpu-box.pem:ro" dartboard:gpu '
    "dartboard worker desk.example.org:9090 --credentials /gpu-box.pem --device all",
)
"""Commands that cannot run here; tests/compose/far.py runs the second one without its last file."""
SHORTENED = {
    "--trials 75": "--trials 2",
    # Tests that fail as root. Others read the study files, which are short ones here.
    "run --rm test": "run --rm -T test pytest -q tests/configspace/test_whole_file.py "
    "tests/results/store/test_connection.py",
    "exec master": "exec -T master",  # a test has no terminal
}
"""What is replaced in a command before it runs."""
STUDY = """
name = "{name}"
objective = "{objective}"

[architecture]
layers = 2
channels = 4

[bohb]
iterations = {iterations}
min_epochs = 6
max_epochs = 54
"""
COMMAND = re.compile(
    r"docker build -|\bdocker[ -]compose( -p \S+)?( -f \S+)* [a-z]|>> \.env$|\bdocker wait "
)


def shown(page: Path) -> list[str]:
    """Return the commands for Compose that a page shows in blocks and within sentences."""
    text = page.read_text(encoding="utf-8")
    fence = r"^```\w*\n(.*?)^```$"
    blocks = re.findall(fence, text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    rest = re.sub(fence, "", text, flags=re.MULTILINE | re.DOTALL)
    lines += re.findall(r"`([^`\n]+)`", rest)
    commands = [re.sub(r" +", " ", line).strip() for line in lines]
    return [command for command in commands if COMMAND.search(command)]


def run_the_pages(project: Project) -> dict[str, str]:
    """Run all steps, with short studies in place of the shown ones."""
    began = time.monotonic()
    for name, path in {"quickstart": "studies/quickstart", "blur": "studies/paper/blur"}.items():
        for objective in ("one-shot", "final"):
            study = STUDY.format(
                name=f"{name}-{objective}",
                objective=objective,
                iterations=1 if name == "quickstart" else 6,
            )
            (project.folder / f"{path}-{objective}.toml").write_text(study)
    (project.folder / ".env").unlink(missing_ok=True)
    for step in STEPS:
        if step.startswith("wait: "):
            study = step.removeprefix("wait: ")
            project.wait(partial(_has_incumbent, project, study), f"incumbent of {study}")
        else:
            project.shell(_short(step))
    (project.folder / ".env").unlink()
    assert not (project.folder / "gpu-box.new").exists()
    return {f"{len(STEPS)} shown commands": f"{time.monotonic() - began:.1f} s"}


def _has_incumbent(project: Project, study: str) -> bool:
    log = project.logs(project.container("master"))
    return re.search(rf"study {study}: \(.*\)@54 finished on worker ", log) is not None


def _short(command: str) -> str:
    for long, short in SHORTENED.items():
        command = command.replace(long, short)
    return f"{command} && test $status = 0" if command.startswith("status=") else command
