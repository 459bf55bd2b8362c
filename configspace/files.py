"""Reading the file of a study or a campaign, and telling which of them a file is."""

import os
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from configspace.errors import CampaignError, DartboardError

Kind = Literal["study", "campaign"]

ONLY_HERE: Mapping[Kind, frozenset[str]] = {
    "study": frozenset({"objective", "bohb"}),
    "campaign": frozenset(
        {
            "configurations",
            "epochs",
            "grid",
            "methods",
            "operations",
            "problems",
            "spaces",
            "strategies",
            "surrogate",
            "trials",
        }
    ),
}
"""Keys at the top of a file that only one kind has."""

_COMMANDS: Mapping[Kind, str] = {"study": "run", "campaign": "campaign"}

_OTHER_FILES: Mapping[bytes, str] = {
    b"SQLite format 3\0": "an SQLite database, such as a store of results",
    b"PAR1": "a Parquet table",
    b"-----BEGIN": "a PEM file, such as a worker's credentials",
}
"""What a file is, by its first bytes."""

_MAX_BYTES = 1_000_000
"""Longest file of settings. A device may have no end."""


def read_settings(path: Path, kind: Kind, wrong: type[DartboardError]) -> dict[str, Any]:
    """Read a TOML file of settings.

    Args:
        path: The file.
        kind: The kind of file that a command expects.
        wrong: The type of error to raise.

    Raises:
        DartboardError: An error of the type ``wrong``, if the file cannot be read, is not TOML, is
            a file of the other kind, or has no key of either kind.
    """
    settings = _content(path, kind, wrong)
    _check_kind(path, settings, kind, wrong)
    return settings


def is_campaign(path: Path) -> bool:
    """Return whether a file is a campaign file rather than a study file; false if unreadable."""
    try:
        return kind_of(_content(path, "campaign", CampaignError)) == "campaign"
    except CampaignError:
        return False


def kind_of(settings: Mapping[str, Any]) -> Kind | None:
    """Return the kind of file whose keys a file has; None if it has keys of both or of neither."""
    kinds: list[Kind] = [kind for kind, keys in ONLY_HERE.items() if keys & set(settings)]
    # A table in a study, a list of names in a campaign.
    if not kinds and isinstance(settings.get("hyperparameters"), list):
        return "campaign"
    return kinds[0] if len(kinds) == 1 else None


def _content(path: Path, kind: Kind, wrong: type[DartboardError]) -> dict[str, Any]:
    try:
        content = _first_bytes(path)
    except IsADirectoryError as error:
        raise wrong(
            f"expected a {kind} file, got the folder {str(path)!r}", advice="name a file in it"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        reason = getattr(error, "strerror", None) or error
        raise wrong(f"cannot read {kind} file {str(path)!r}: {reason}") from error
    for start, what in _OTHER_FILES.items():
        if content.startswith(start):
            raise wrong(f"expected a {kind} file, got {str(path)!r}, which is {what}")
    if len(content) > _MAX_BYTES:
        raise wrong(
            f"expected a {kind} file, got {str(path)!r}, which has more than {_MAX_BYTES:,} bytes"
        )
    try:
        text = content.decode("utf-8-sig")  # editors on Windows put a byte order mark first
    except UnicodeDecodeError as error:
        raise wrong(f"cannot read {kind} file {str(path)!r}: it is not UTF-8 text") from error
    try:
        settings = tomllib.loads(text)
    except ValueError as error:  # also raised for a number with thousands of digits
        raise wrong(
            f"expected a {kind} file, got {str(path)!r}, which is not TOML: {error}"
        ) from error
    except RecursionError as error:
        raise wrong(
            f"expected a {kind} file, got {str(path)!r}, whose values are nested too deeply"
        ) from error
    if not settings:
        raise wrong(f"expected a {kind} file, got {str(path)!r}, which has no settings")
    return settings


def _first_bytes(path: Path) -> bytes:
    """Return the content of a file, or a little more than its longest allowed part.

    The file may be a pipe, as in ``dartboard run <(…)``. A pipe that nobody writes is empty.
    """

    def without_a_wait(name: str, flags: int) -> int:
        file = os.open(name, flags | os.O_NONBLOCK)  # does not wait for a writer
        os.set_blocking(file, True)
        return file

    with open(path, "rb", opener=without_a_wait) as stream:
        return stream.read(_MAX_BYTES + 1)


def _check_kind(
    path: Path, settings: Mapping[str, Any], kind: Kind, wrong: type[DartboardError]
) -> None:
    found = kind_of(settings)
    if found not in (None, kind):
        raise wrong(
            f"expected a {kind} file, got {str(path)!r}, which is a {found} file",
            advice=f"run it with: dartboard {_COMMANDS[found]} {shlex.quote(str(path))}",
        )
    if found is None and "name" not in settings:
        keys = [repr(key) for key in settings]
        listed = ", ".join(keys if len(keys) < 6 else [*keys[:5], "…"])
        raise wrong(
            f"expected a {kind} file, got {str(path)!r}, which has no key 'name'; its keys are "
            f"{listed}"
        )
