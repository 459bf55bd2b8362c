"""The list of source files that compiled code depends on is complete.

The files are found by following names: from each entry to the functions and constants in its body,
and from those on, through the imports of our own packages.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from worker.numba_engine import source_files as listed
from worker.numba_engine.source_files import source_files, source_stamp

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "worker" / "numba_engine"
PACKAGES = ("worker", "configspace")
COMPILED = {"kernel", "inlined", "shared", "entry", "intrinsic"}
"""Decorators of compiled functions."""


class Name(NamedTuple):
    """A name at the top level of a module."""

    path: Path
    name: str


def path_of(module: str) -> Path | None:
    """Return the file of a module of ours; None for other modules."""
    path = ROOT / module.replace(".", "/")
    if module.split(".")[0] not in PACKAGES:
        return None
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def definitions(path: Path) -> dict[str, ast.stmt]:
    """Return the statement that defines each name at the top level of a file."""
    found: dict[str, ast.stmt] = {}
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        for name in defined_by(statement):
            found.setdefault(name, statement)
    return found


def defined_by(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement defines."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in statement.names)
    else:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def uses(name: Name) -> Iterator[Name]:
    """Yield the names that the definition of a name uses directly."""
    statement = definitions(name.path).get(name.name)
    if isinstance(statement, ast.ImportFrom):
        for alias in statement.names:
            if (alias.asname or alias.name) == name.name:
                yield from imported(statement.module or "", alias.name)
    elif statement is not None:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                yield Name(name.path, node.id)


def imported(module: str, name: str) -> Iterator[Name]:
    """Yield what ``from module import name`` imports: a name, or all names of a module."""
    source, submodule = path_of(module), path_of(f"{module}.{name}")
    if submodule and submodule.exists():
        yield from (Name(submodule, one) for one in definitions(submodule))
    elif source:
        yield Name(source, name)


def is_compiled(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef) and any(
        isinstance(decorator, ast.Name) and decorator.id in COMPILED
        for decorator in statement.decorator_list
    )


def compiled_names() -> set[Name]:
    """Return all compiled functions of the engine's folder."""
    return {
        Name(path, name)
        for path in FOLDER.glob("**/*.py")
        for name, statement in definitions(path).items()
        if is_compiled(statement)
    }


def needed_files() -> set[Path]:
    """Return the files with anything that a compiled function uses, directly or not."""
    waiting, reached = compiled_names(), set[Name]()
    while waiting:
        name = waiting.pop()
        if name.name in definitions(name.path):
            reached.add(name)
            waiting |= set(uses(name)) - reached
    return {name.path for name in reached}


def missing_files() -> set[str]:
    """Return the names of needed files that are not in the list."""
    return {path.name for path in needed_files() - set(source_files())}


def test_no_source_file_is_missing() -> None:
    assert missing_files() == set()


def test_needed_files_include_every_kind() -> None:
    found = {path.name for path in needed_files()}
    assert {"epochs.py", "cnn_backward.py", "winograd.py", "philox.py", "contract.py"} <= found


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({path.name for path in needed_files()}))
def test_a_missing_source_file_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "NOT_COMPILED", (*listed.NOT_COMPILED, name))
    shared = [path for path in listed.SHARED if path.name != name]
    monkeypatch.setattr(listed, "SHARED", tuple(shared))
    assert missing_files() == {name}


def test_the_stamp_is_a_hash() -> None:
    assert len(source_stamp()) == 64
