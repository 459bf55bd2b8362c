"""A user's own classes on this machine: imported if their file is the study's."""

import importlib
from typing import Any

from configspace.custom import source_digest
from configspace.errors import ServiceError, StudyError


def custom_class(name: str, source: str | None) -> Any:
    """Import what ``package.module:Class`` names.

    Args:
        name: The class.
        source: SHA-256 of its file in the study; None: whatever file is here.

    Raises:
        ServiceError: If this machine has no such file or another, or it cannot be imported. That
            is no fault of a configuration.
    """
    try:
        found = source_digest(name)
    except StudyError as error:
        raise ServiceError(f"cannot work on this study: {error}") from error
    if source not in (None, found):
        raise ServiceError(
            f"cannot work on this study: the file of {name!r} has the SHA-256 {found} here, not "
            f"{source} as the study's"
        )
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:  # whatever a user's module may raise
        raise ServiceError(f"cannot import {name!r}: {type(error).__name__}: {error}") from error
