"""The runs of studies and campaigns from which signals are judged, in groups that are comparable.

A group has one problem, search space, operation set, number of epochs and method, with equal
settings. A configuration is one setting of everything but the seed: a condition of a campaign, or a
configuration of a study on one budget.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from configspace.architecture import ArchitectureSettings
from configspace.condition import SEARCHES, Condition
from configspace.errors import StoreError
from configspace.operations import parse_operation
from configspace.search import SearchSettings
from configspace.settings import flat
from configspace.signals import SIGNALS, Request
from configspace.study import ProblemSettings, Study
from results.frames.campaign import load_campaign_from
from results.frames.study import load_from
from results.store.store import Store

BASELINE = "harmful_operations"
"""Name of the baseline that needs no training."""
CEILING = "second_final"
"""Name of the signal that bounds all others: the final score of a second retraining."""
_HARMFUL = ("roll", "noise")


@dataclass(frozen=True, slots=True, eq=False)
class RunGroup:
    """Runs with a final score that are comparable with each other."""

    problem: ProblemSettings
    architecture: ArchitectureSettings
    epochs: int
    """Epochs of the search, and of the retraining."""
    runs: pd.DataFrame
    """One row per run.

    - ``configuration``: name of its configuration
    - ``rerun``: whether it repeats an incumbent, which a study chose by its score
    - ``score``: its final score, in dB
    - one column per signal, high if it is taken as good; missing where it was not recorded
    - `BASELINE`, if the group has it
    """
    search: SearchSettings = field(default_factory=SearchSettings)
    """The method and its settings."""
    short_fraction: float = 0.1
    """Epochs of the short retraining, as a fraction of those of a whole one."""
    differs: str = ""
    """Settings in which it differs from another group with the same name."""

    @property
    def name(self) -> str:
        """The group in a few words."""
        architecture = self.architecture
        sets = "good" if architecture.operations == "good" else "all"
        custom = " and custom" if architecture.custom else ""
        words = (
            self.problem.name,
            architecture.space,
            f"{sets}{custom} operations",
            f"{self.epochs} epochs",
            *([] if self.search.variant == "darts" else [self.search.variant]),
        )
        return ", ".join([*words, self.differs] if self.differs else words)

    @property
    def search_epochs(self) -> int:
        """Cost of one search, in epochs."""
        return self.search.search_epochs(self.epochs, self.short_fraction)

    @property
    def signals(self) -> list[str]:
        """Names of the signals that some run has recorded, except `CEILING`."""
        return [name for name in SIGNALS if name in self.runs and name != CEILING]

    @property
    def not_recorded(self) -> list[str]:
        """Names of the signals that no run has recorded."""
        return [name for name in SIGNALS if name not in self.runs]

    def records(self, request: Request) -> bool:
        """Return whether some run has recorded a signal that takes a measurement."""
        return any(
            signal.request == request and name in self.runs and self.runs[name].notna().any()
            for name, signal in SIGNALS.items()
        )


def load_groups(url: str, names: Sequence[str]) -> list[RunGroup]:
    """Return the runs of studies and campaigns that have a final score, in groups.

    Runs without a search are left out: they have no signals. A run that two campaigns share counts
    once.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.
        names: Names of studies and campaigns, mixed.

    Raises:
        StoreError: If the store cannot be read, a name is unknown, or no run has a final score.
    """
    parts: list[RunGroup] = []
    with Store.open(url, create=False) as store:
        campaigns = store.campaign_names()
        for name in dict.fromkeys(names):
            parts += _of_campaign(store, name) if name in campaigns else _of_study(store, name)
    groups = _merged(parts)
    if not groups:
        raise StoreError(
            f"expected runs with a search and a final score, got none in {', '.join(names)}",
            advice="name a study whose objective is final, a study that 'dartboard compare' "
            "re-ran, or a campaign with a search",
        )
    return groups


def _of_campaign(store: Store, name: str) -> Iterator[RunGroup]:
    frames = load_campaign_from(store, name)
    for condition in frames.campaign.conditions:
        if condition.method not in SEARCHES:
            continue
        trials = frames.trials[frames.trials["condition"] == condition.name]
        # The seed aside, equal settings are one configuration, whatever it is called.
        configuration = condition.model_copy(update={"seed": 0}).digest()
        yield _group(
            condition,
            condition.epochs,
            trials.assign(configuration=configuration, rerun=False),
        )


def _of_study(store: Store, name: str) -> Iterator[RunGroup]:
    frames = load_from(store, name, with_curves=False)
    study = frames.study
    for epochs, trials in frames.trials.groupby("epochs"):
        yield _group(
            study,
            int(str(epochs)),
            trials.assign(
                configuration=f"{name} " + trials["configuration"],
                rerun=trials["purpose"] == "rerun",
            ),
        )


def _group(settings: Study | Condition, epochs: int, trials: pd.DataFrame) -> RunGroup:
    architecture = settings.architecture
    oriented = {name: signal.direction * trials[signal.column] for name, signal in SIGNALS.items()}
    runs = trials[["configuration", "rerun", "seed"]].assign(
        score=trials["architecture_psnr"],
        **oriented,
    )
    if (harmful := harmful_operations(architecture, trials["architecture"])) is not None:
        runs[BASELINE] = -harmful
    finite = np.isfinite(runs["score"])
    return RunGroup(
        settings.problem,
        architecture,
        epochs,
        runs[finite],
        settings.search,
        settings.evaluation.short_fraction,
    )


def harmful_operations(
    architecture: ArchitectureSettings, names: "pd.Series[str]"
) -> "pd.Series[float] | None":
    """Return the number of harmful operations of each architecture.

    Args:
        architecture: The search space.
        names: Architectures, their operations separated by spaces.

    Returns:
        The numbers; None for the operation set good and for points, which have no harmful ones,
        and for custom operations, of which this is not known.
    """
    if architecture.operations != "all" or architecture.points or architecture.custom:
        return None

    def count(architecture: str) -> float:
        return float(sum(parse_operation(name)[0] in _HARMFUL for name in architecture.split()))

    return names.map(count)


def _merged(parts: Sequence[RunGroup]) -> list[RunGroup]:
    """Join the parts with equal settings, and tell groups with one name apart."""
    same: list[tuple[dict[str, Any], list[RunGroup]]] = []
    for part in parts:
        if not len(part.runs):
            continue
        own = _settings(part)
        for settings, members in same:
            if _agree(own, settings):
                settings |= own
                members.append(part)
                break
        else:
            same.append((own, [part]))
    groups = []
    for _, members in same:
        runs = pd.concat([part.runs for part in members], ignore_index=True)
        runs = runs.drop_duplicates(["configuration", "seed"]).drop(columns="seed")
        runs = runs.dropna(axis="columns", how="all")
        # Settings of a measurement are those of a member that made it.
        groups.append(
            replace(
                members[0],
                runs=runs.sort_values("configuration", kind="stable"),
                search=_first_with(members, "eigenvalue").search,
                short_fraction=_first_with(members, "short").short_fraction,
            )
        )
    return [_told_apart(group, groups) for group in groups]


def _first_with(members: Sequence[RunGroup], request: Request) -> RunGroup:
    return next((part for part in members if part.records(request)), members[0])


def _agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two groups have equal settings, as far as both use them."""
    return all(one[key] == other[key] for key in one.keys() & other.keys())


def _told_apart(group: RunGroup, groups: Sequence[RunGroup]) -> RunGroup:
    """Return a group with the settings in which it differs from others with the same name."""
    own = _settings(group)
    keys: dict[str, None] = {}
    for other in groups:
        if other is not group and other.name == group.name:
            theirs = _settings(other)
            keys |= dict.fromkeys(key for key in own if own[key] != theirs.get(key))
    return replace(group, differs=", ".join(f"{key} {own[key]}" for key in keys))


def _settings(group: RunGroup) -> dict[str, Any]:
    """Return the settings that decide a run, and those of the measurements that were made."""
    architecture, search = group.architecture, group.search
    unused = search.unused - ({"hessian"} if group.records("eigenvalue") else set())
    settings = {
        "problem": group.problem.model_dump(mode="json"),
        "architecture": architecture.model_dump(mode="json", exclude=architecture.unused),
        "search": search.model_dump(mode="json", exclude=unused),
        "epochs": group.epochs,
    }
    if search.selects or group.records("short"):
        settings["evaluation.short_fraction"] = group.short_fraction
    return flat(settings)
