"""Compile the kernels for every class of processors, for an image that many machines run.

The build of the image runs ``python -m worker.numba_engine.compile_named``. Its first evaluation
then need not wait for the compilation.
"""

import platform
import sys

from worker.numba_engine.first_calls import Step, compile_in_subprocess
from worker.numba_engine.target import COMPILED_LIST, NAMED, environment


def main() -> int:
    """Compile for kernel size 3, in both search spaces; return the exit code."""
    if platform.machine() != "x86_64":
        say(f"no named targets for {platform.machine()}: each machine compiles for itself")
        return 0
    for name in NAMED:
        for space in ("sequential", "cell"):

            def report(step: Step, of: str = f"of the {space} space for {name}") -> None:
                say(f"compiling the {step.kernels} {of} ({step.number} of {step.of})")

            if not compile_in_subprocess(report, "3", space, **environment(name)):
                return 1
    COMPILED_LIST.write_text("\n".join(NAMED) + "\n", encoding="ascii")
    return 0


def say(line: str) -> None:
    """Print a line of progress."""
    print(line, flush=True)  # noqa: T201 -- a program for the build of an image


if __name__ == "__main__":
    sys.exit(main())
