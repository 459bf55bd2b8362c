"""Custom classes: imported on this machine if their file is the one that the study names."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from configspace.custom import source_digest
from configspace.errors import ServiceError, StudyError
from configspace.foreign_text import described


def custom_class(name: str, source: str | None) -> Any:
    """Import a custom class.

    Args:
        name: Name of the class, as ``package.module:Class``.
        source: SHA-256 of the class's file in the study; None accepts any file.

    Raises:
        ServiceError: If the file is missing on this machine, differs from the study's, or cannot
            be imported. The configuration is not the cause.
    """
    try:
        found = source_digest(name)
    except StudyError as error:
        problem = f"cannot work on this study: {error.problem}"
        raise ServiceError(problem, advice=error.advice) from error
    if source not in (None, found):
        raise ServiceError(
            f"cannot work on this study: expected the file of {name!r} with the SHA-256 {source}, "
            f"got {found}",
            advice="copy the study's file to this machine",
        )
    module, _, attribute = name.partition(":")
    with blamed(f"cannot import {name!r}"):
        return getattr(importlib.import_module(module), attribute)


@contextmanager
def blamed(problem: str) -> Iterator[None]:
    """Run a user's code, which may raise anything or call ``sys.exit``.

    Args:
        problem: What does not work if the code fails, as the start of a message.

    Raises:
        ServiceError: If the code fails. The configuration is not the cause.
    """
    try:
        yield
    except ServiceError:  # found by a check of the user's code
        raise
    except (Exception, SystemExit) as error:
        raise ServiceError(f"{problem}: {described(error)}") from error
