"""Rows of the table ``studies``: studies, and conditions of campaigns.

The row of a condition has the name ``campaign/condition``, which is not valid for a study. A
campaign has no row itself.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from configspace.condition import Condition
from configspace.errors import CampaignError, DartboardError, StoreError, StudyError
from configspace.names import nearest
from configspace.settings import first_problem
from configspace.study import Study
from configspace.versions import differing
from results.store import statements
from results.store.schema import studies

M = TypeVar("M", bound=BaseModel)

TARGETS = "targets"
"""Key in the column ``versions``: the targets for which the engines of the workers were compiled.
It is missing before the first such worker, and in a store of an older dartboard."""


@dataclass(frozen=True, slots=True)
class BeginOptions:
    """Values that all rows of one call have in common, when studies begin or resume."""

    shown: str
    """URL of the store, for error messages."""
    versions: dict[str, str]
    """Version of each package that can change a result."""
    accept_version_change: bool
    """Whether a study with results of other versions may resume."""
    now: datetime


def begin(connection: sa.Connection, entry: Study | Condition, options: BeginOptions) -> None:
    """Add a study or a condition, or update the settings of one; its state is then ``running``.

    Raises:
        DartboardError: If it was begun with settings that give other results, or has results of
            other versions and the change is not accepted.
    """
    name, campaign = _name_columns(entry)
    row = connection.execute(sa.select(studies).where(studies.c.name == name)).one_or_none()
    if row is not None:
        stored = parsed(type(entry), name, row.settings, options.shown)
        _check_same(entry, stored, options.shown)
        if isinstance(entry, Condition) and isinstance(stored, Condition):
            entry = entry.keeping(stored)
    values: dict[str, Any] = {
        "settings": entry.model_dump(mode="json"),
        "digest": entry.digest(),
        "seed": entry.seed,
        "versions": options.versions,
        "state": "running",
        "changed": options.now,
    }
    if row is None:
        kind = "study" if campaign is None else "cell"
        constant = {"name": name, "kind": kind, "campaign": campaign, "created": options.now}
        connection.execute(sa.insert(studies).values(**constant, **values))
        return
    values |= _version_columns(connection, row, options, _error_type(entry))
    connection.execute(sa.update(studies).where(studies.c.id == row.id).values(**values))


def resume(connection: sa.Connection, study_id: int, options: BeginOptions) -> None:
    """Resume a study with its stored settings, under the current versions.

    Raises:
        StudyError: If it has results of other versions and the change is not accepted.
    """
    key = studies.c.id == study_id
    row = connection.execute(sa.select(studies).where(key)).one()
    values = _version_columns(connection, row, options, StudyError)
    connection.execute(sa.update(studies).where(key).values(**values))


def targets(versions: dict[str, str]) -> tuple[str, ...]:
    """Return the targets in a value of the column ``versions``, in order of their first use."""
    return tuple(filter(None, versions.get(TARGETS, "").split(", ")))


def add_target(connection: sa.Connection, study_id: int, target: str) -> tuple[str, ...]:
    """Record a target of a study; return those recorded before."""
    key = studies.c.id == study_id
    versions = connection.scalars(sa.select(studies.c.versions).where(key)).one()
    before = targets(versions)
    if target not in before:
        changed = {**versions, TARGETS: ", ".join([*before, target])}
        connection.execute(sa.update(studies).where(key).values(versions=changed))
    return before


def check_free(
    connection: sa.Connection, name: str, kind: Literal["study", "campaign"], shown: str
) -> None:
    """Check that no campaign has the name of a study, or no study the name of a campaign.

    Commands could not distinguish them.

    Raises:
        StoreError: If the name is taken.
    """
    column = studies.c.campaign if kind == "study" else studies.c.name
    if connection.execute(sa.select(studies.c.id).where(column == name)).first() is not None:
        other = "campaign" if kind == "study" else "study"
        raise StoreError(
            f"{shown} has a {other} called {name!r}", advice=f"give this {kind} another name"
        )


def names(connection: sa.Connection) -> tuple[list[str], list[str]]:
    """Return the names of the studies and the names of the campaigns, oldest first."""
    rows = connection.execute(
        sa.select(studies.c.name, studies.c.kind, studies.c.campaign).order_by(studies.c.id)
    ).all()
    of_studies = [row.name for row in rows if row.kind == "study"]
    return of_studies, list(dict.fromkeys(row.campaign for row in rows if row.kind == "cell"))


def missing(
    connection: sa.Connection, kind: Literal["study", "campaign"], name: str, shown: str
) -> StoreError:
    """Return the error for a name that is missing; it lists those that exist, or the nearest."""
    of_studies, of_campaigns = names(connection)
    if name in of_campaigns:
        return StoreError(f"{name!r} in {shown} is a campaign, not a study")
    if name in of_studies:
        return StoreError(f"{name!r} in {shown} is a study, not a campaign")
    listed = [nearest(name, of_studies)] if of_studies else []
    if of_campaigns:
        listed.append(f"the campaigns {nearest(name, of_campaigns)}")
    return StoreError(
        f"no {kind} {name!r} in {shown}; it has {', and '.join(listed) or 'no study yet'}"
    )


def parsed(model: type[M], name: str, settings: object, shown: str) -> M:
    """Return stored settings as a value.

    Raises:
        StoreError: If they are not valid, because another version of dartboard wrote them.
    """
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        raise StoreError(
            f"study {name!r} in {shown} is not valid in this version of dartboard: "
            f"{first_problem(error, model)}"
        ) from error


def _error_type(entry: Study | Condition) -> type[DartboardError]:
    return StudyError if isinstance(entry, Study) else CampaignError


def _name_columns(entry: Study | Condition) -> tuple[str, str | None]:
    """Return the values of the columns ``name`` and ``campaign``."""
    return (entry.study, entry.campaign) if isinstance(entry, Condition) else (entry.name, None)


def _check_same(entry: Study | Condition, stored: Study | Condition, shown: str) -> None:
    """Check that a study or condition has the stored settings, as far as they change results."""
    match entry, stored:
        case Condition(), Condition():
            differences = stored.differences(entry)
            kind, owner = "campaign", entry.campaign
            subject = f"condition {entry.name!r} of campaign {owner!r}"
        case Study(), Study():
            differences = stored.differences(entry)
            kind, owner = "study", entry.name
            subject = f"study {owner!r}"
        case _:
            raise TypeError(f"expected two studies or two conditions, got {entry!r} and {stored!r}")
    if differences:
        listed = "; ".join(one.text("in the store", "here") for one in differences)
        raise _error_type(entry)(
            f"{subject} in {shown} was begun with other settings ({listed})",
            advice=f"give this {kind} another name, or run 'dartboard delete {owner}' first",
        )


def _version_columns(
    connection: sa.Connection,
    row: sa.Row[Any],
    options: BeginOptions,
    error_type: type[DartboardError],
) -> dict[str, Any]:
    """Return the columns of a row that record versions, and their change if there is one."""
    kept = {TARGETS: row.versions[TARGETS]} if TARGETS in row.versions else {}
    values: dict[str, Any] = {"versions": options.versions | kept}
    last = statements.last_sequence(connection, row.id)
    changed = differing(row.versions, options.versions)
    if not changed or last == 0:  # without results there is nothing that may differ
        return values
    if not options.accept_version_change:
        listed = ", ".join(
            f"{package} {before} in the store, {after} here"
            for package, (before, after) in changed.items()
        )
        needed = " ".join(f"{package}=={before}" for package, (before, _) in changed.items())
        raise error_type(
            f"study {row.name!r} in {options.shown} has results of other versions ({listed}), "
            "and new results may differ from them",
            advice=f"install {needed}, or continue with --accept-version-change",
        )
    change = {
        "at": options.now.isoformat(),
        "after": last,
        "from": {package: before for package, (before, _) in changed.items()},
        "to": {package: after for package, (_, after) in changed.items()},
    }
    return values | {"version_changes": [*(row.version_changes or ()), change]}
