"""What a store is entered into: studies, and the conditions of campaigns, each a row of one table.

A condition's name is ``campaign/condition``, which no study can be called; a campaign has no row of
its own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from configspace.condition import Condition
from configspace.errors import CampaignError, DartboardError, StoreError, StudyError
from configspace.settings import first_complaint
from configspace.study import Study
from configspace.versions import differing
from results.store import statements
from results.store.schema import studies

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Entering:
    """What is true of everything that one call enters."""

    shown: str
    """The store's address, for errors."""
    versions: dict[str, str]
    accept: bool
    """Whether results of other versions may be added to."""
    now: datetime


def enter(connection: sa.Connection, entry: Study | Condition, entering: Entering) -> None:
    """Enter a study or a condition, or take up its new settings; it is running from now on.

    Raises:
        DartboardError: If it was begun with settings that give other results, or has results of
            other versions and that is not accepted.
    """
    values: dict[str, Any] = {
        "settings": entry.model_dump(mode="json"),
        "digest": entry.digest(),
        "seed": entry.seed,
        "versions": entering.versions,
        "state": "running",
        "changed": entering.now,
    }
    name, campaign = _place(entry)
    row = connection.execute(sa.select(studies).where(studies.c.name == name)).one_or_none()
    if row is None:
        kind = "study" if campaign is None else "cell"
        own = {"name": name, "kind": kind, "campaign": campaign, "created": entering.now}
        connection.execute(sa.insert(studies).values(**own, **values))
        return
    _check_same(entry, parsed(type(entry), name, row.settings, entering.shown), entering.shown)
    values |= _versions(connection, row, entering, _wrong(entry))
    connection.execute(sa.update(studies).where(studies.c.id == row.id).values(**values))


def take_up(connection: sa.Connection, study_id: int, entering: Entering) -> None:
    """Go on with a study as it is, under the versions that are now.

    Raises:
        StudyError: If it has results of other versions and that is not accepted.
    """
    key = studies.c.id == study_id
    row = connection.execute(sa.select(studies).where(key)).one()
    values = _versions(connection, row, entering, StudyError)
    connection.execute(sa.update(studies).where(key).values(**values))


def check_free(
    connection: sa.Connection, name: str, kind: Literal["study", "campaign"], shown: str
) -> None:
    """Check that a study's name is no campaign's, or a campaign's no study's.

    Raises:
        StoreError: If it is: commands could not tell them apart.
    """
    column = studies.c.campaign if kind == "study" else studies.c.name
    if connection.execute(sa.select(studies.c.id).where(column == name)).first() is not None:
        other = "campaign" if kind == "study" else "study"
        raise StoreError(f"{shown} has a {other} called {name!r}; give this {kind} another name")


def names(connection: sa.Connection) -> tuple[list[str], list[str]]:
    """Return the names of the studies and of the campaigns, oldest first."""
    rows = connection.execute(
        sa.select(studies.c.name, studies.c.kind, studies.c.campaign).order_by(studies.c.id)
    ).all()
    of_studies = [row.name for row in rows if row.kind == "study"]
    return of_studies, list(dict.fromkeys(row.campaign for row in rows if row.kind == "cell"))


def missing(connection: sa.Connection, what: str, name: str, shown: str) -> StoreError:
    """Return the error that says that a name is not there, and which are."""
    of_studies, of_campaigns = names(connection)
    if name in of_campaigns:
        return StoreError(f"{name!r} in {shown} is a campaign, not a study")
    others = ", ".join(repr(one) for one in of_studies) or "none yet"
    if of_campaigns:
        others += f", and the campaigns {', '.join(repr(one) for one in of_campaigns)}"
    return StoreError(f"no {what} {name!r} in {shown}; it has {others}")


def parsed(model: type[M], name: str, settings: object, shown: str) -> M:
    """Return what was stored as a value.

    Raises:
        StoreError: If another version of dartboard wrote it, and it does not suit this one.
    """
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        raise StoreError(
            f"study {name!r} in {shown} does not suit this version of dartboard: "
            f"{first_complaint(error, model)}"
        ) from error


def _wrong(entry: Study | Condition) -> type[DartboardError]:
    return StudyError if isinstance(entry, Study) else CampaignError


def _place(entry: Study | Condition) -> tuple[str, str | None]:
    return (entry.study, entry.campaign) if isinstance(entry, Condition) else (entry.name, None)


def _check_same(entry: Study | Condition, kept: Study | Condition, shown: str) -> None:
    match entry, kept:
        case Condition(), Condition():
            differences = kept.differences(entry)
            owner = entry.campaign
        case Study(), Study():
            differences = kept.differences(entry) if kept.digest() != entry.digest() else []
            owner = entry.name
        case _:
            raise TypeError(f"wanted two studies or two conditions, got {entry!r} and {kept!r}")
    if differences:
        listed = "; ".join(one.text("there", "here") for one in differences)
        what = "study" if isinstance(entry, Study) else f"condition {entry.name!r} of campaign"
        raise _wrong(entry)(
            f"{what} {owner!r} in {shown} was begun with other settings "
            f"({listed}); give this one another name, or "
            f"'dartboard delete {owner}' first"
        )


def _versions(
    connection: sa.Connection, row: sa.Row[Any], entering: Entering, wrong: type[DartboardError]
) -> dict[str, Any]:
    """Return what a row keeps of the versions under which its results go on."""
    values: dict[str, Any] = {"versions": entering.versions}
    last = statements.last_sequence(connection, row.id)
    changed = differing(row.versions, entering.versions)
    if not changed or last == 0:  # then there is nothing that they could differ from
        return values
    if not entering.accept:
        listed = ", ".join(f"{name} {a} there, {b} here" for name, (a, b) in changed.items())
        wanted = " ".join(f"{name}=={before}" for name, (before, _) in changed.items())
        raise wrong(
            f"study {row.name!r} in {entering.shown} has results of other versions ({listed}), and "
            f"what follows may differ from them: get {wanted}, or go on with "
            "--accept-version-change"
        )
    change = {
        "at": entering.now.isoformat(),
        "after": last,
        "from": {package: before for package, (before, _) in changed.items()},
        "to": {package: after for package, (_, after) in changed.items()},
    }
    return values | {"version_changes": [*(row.version_changes or ()), change]}
