"""Where the tables and figures of the paper have their trials from: which campaigns, which studies.

Their files are in ``studies/paper``, each named as what is in it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from configspace.errors import StoreError
from results.frames.campaign import CampaignFrames, load_campaign_from
from results.frames.study import Frames, load_from
from results.paper.pooling import refuse_mixtures
from results.store.store import Store

FOLDER: Final = "studies/paper"

TABLES: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("table1",),
    2: ("table2",),
    # The conditions of DARTS in tables 1 and 2 are those with H1; ours come after the paper's.
    3: ("table3", "table1", "incumbents"),
    4: ("table4", "table2"),
}
"""Campaigns of a table."""

FIGURES: Final[Mapping[int, tuple[str, ...]]] = {
    3: ("table1",),
    4: ("table3",),
    5: ("figure5", "table3"),
    6: ("table4", "table2"),
    7: ("table4",),
    8: ("table4",),
    9: ("table2",),
}
"""Campaigns of a figure."""

STUDIES: Final[Mapping[int, Mapping[str, str]]] = {
    7: {
        "BOHB-one-shot-Blur": "blur-one-shot",
        "BOHB-one-shot-DS": "downsampling-one-shot",
        "BOHB-Blur": "blur-final",
        "BOHB-DAS-single": "blur-single",
    },
    8: {
        "BOHB-Non-Seq-one-shot-Blur": "blur-cell-one-shot",
        "BOHB-Non-Seq-Blur": "blur-cell-final",
    },
}
"""Of Tables 7 and 8: the study that stands beside each of the paper's."""


def campaign_frames(
    url: str, usual: Sequence[str], given: Sequence[str], *, what: str
) -> list[CampaignFrames]:
    """Return some campaigns whose trials can be shown together.

    Args:
        url: Where the store is, such as ``sqlite:///dartboard.db``.
        usual: Campaigns to take where none is given: those of them that the store has.
        given: Campaigns to take instead, all of them.
        what: For whom, such as ``table 1``; for the error.

    Raises:
        StoreError: If the store cannot be read, lacks a campaign that is given, or has none of the
            usual ones; then it says what to run. Or if conditions that would be one row differ in
            what decides a result.
    """
    with Store.open(url, create=False) as store:
        known = store.campaign_names()
        names = list(given) or [name for name in usual if name in known]
        if not names:
            wanted = " or ".join(repr(name) for name in usual)
            others = f"it has {', '.join(known)}" if known else "it has no campaign yet"
            raise StoreError(
                f"{what} is made of campaign {wanted}, which is not in the store ({others}); run "
                f"'dartboard campaign {FOLDER}/{usual[0]}.toml' with this store, or name another "
                "with --campaign"
            )
        found = [load_campaign_from(store, name) for name in dict.fromkeys(names)]
    refuse_mixtures(condition for frames in found for condition in frames.campaign.conditions)
    return found


def campaign_trials(
    url: str, usual: Sequence[str], given: Sequence[str], *, what: str
) -> pd.DataFrame:
    """Return the trials of some campaigns together, a row a trial; see `campaign_frames`."""
    return together(campaign_frames(url, usual, given, what=what))


def together(campaigns: Sequence[CampaignFrames]) -> pd.DataFrame:
    """Return the trials of campaigns, a row a trial."""
    return pd.concat([frames.trials for frames in campaigns], ignore_index=True)


def table_studies(url: str, number: int, given: Sequence[str]) -> dict[str, Frames]:
    """Return the studies that stand in Table 7 or 8.

    Args:
        url: Where the store is.
        number: 7 or 8.
        given: Studies to take instead of the usual ones, all of them.

    Returns:
        Each by the name of the paper's column that it stands beside, or by its own.

    Raises:
        StoreError: If the store cannot be read, lacks a study that is given, or has none of the
            usual ones; then it says what to run.
    """
    usual = STUDIES[number]
    beside = {study: preset for preset, study in usual.items()}
    with Store.open(url, create=False) as store:
        known = store.study_names()
        names = list(given) or [name for name in usual.values() if name in known]
        if not names:
            others = f"it has {', '.join(known)}" if known else "it has no study yet"
            first = next(iter(usual.values()))
            raise StoreError(
                f"table {number} is made of studies {', '.join(usual.values())}, none of which is "
                f"in the store ({others}); run 'dartboard run {FOLDER}/{first}.toml' with this "
                "store, or name others with --study"
            )
        return {beside.get(name, name): load_from(store, name, with_curves=False) for name in names}
