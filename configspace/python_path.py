"""Where Python looks for modules: ours and its own come first, and a user's only if asked for.

Our packages have common names, such as ``worker`` and ``results``, and so have many modules of
Python. A user's folder may have the same ones: the current folder, or one in ``PYTHONPATH``. Each
of our processes therefore takes these folders off its path before it imports anything else, and
`configspace.custom` puts them at the end when a study names a custom class.

Started as a script, this file runs a module of ours as the main program.
"""

# Not with pathlib: it imports other modules, which a user's folders may have, too.
# ruff: noqa: PTH100, PTH109, PTH119, PTH120

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
"""The folder of our packages."""


def python_command(module: str) -> list[str]:
    """Return the command that starts a module of ours in a process of its own.

    Args:
        module: Name of the module, such as ``cli.main``. Its arguments follow the command.
    """
    # -P: Python does not search the folder of this file, which has modules with common names.
    return [sys.executable, "-P", os.path.abspath(__file__), module]


def put_ours_first() -> None:
    """Take a user's folders off the path of this process, and put ours at its start."""
    theirs = {_absolute(folder) for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    if not sys.flags.safe_path:
        theirs.add(_absolute(sys.path[0]))  # the folder of the program, or the current one
    found = [folder for folder in sys.path if _absolute(folder) not in theirs or _is_own(folder)]
    sys.path[:] = [ROOT, *(folder for folder in found if folder != ROOT)]


def user_folders() -> list[str]:
    """Return the folders in which a user may keep custom modules: the current one, then others."""
    given = os.environ.get("PYTHONPATH", "")
    folders = ["", *(given.split(os.pathsep) if given else [])]
    return list(dict.fromkeys(_absolute(folder) for folder in folders))


def _is_own(folder: str) -> bool:
    """Return whether Python itself looks in a folder, even if PYTHONPATH names it, too."""
    library = os.path.dirname(os.__file__)
    if f"{folder}{os.sep}".startswith(f"{library}{os.sep}"):
        return True
    return folder.startswith(sys.prefix) and os.path.basename(folder) == "site-packages"


def _absolute(folder: str) -> str:
    try:
        return os.path.abspath(folder)
    except FileNotFoundError:  # the current folder has been removed
        return folder


def _run_module() -> None:
    del sys.argv[0]
    put_ours_first()
    try:
        os.getcwd()
    except FileNotFoundError:  # it has been removed, which some libraries do not expect
        os.chdir(os.sep)
    import runpy

    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _run_module()
