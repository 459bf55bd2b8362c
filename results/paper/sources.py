"""Sources of the paper's tables and figures: campaigns and studies.

Their files are in ``studies/paper``; each has the name of its campaign or study.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from configspace.errors import StoreError
from configspace.names import nearest
from results.frames.campaign import CampaignFrames, load_campaign_from
from results.frames.study import Frames, load_from
from results.paper.pooling import refuse_mixtures
from results.store.store import Store

FOLDER: Final = "studies/paper"

TABLES: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("table1",),
    2: ("table2",),
    # The conditions with H1 are in tables 1 and 2; dartboard's incumbents come after the paper's.
    3: ("table3", "table1", "incumbents"),
    4: ("table4", "table2"),
}
"""Campaigns of each table."""

FIGURES: Final[Mapping[int, tuple[str, ...]]] = {
    3: ("table1",),
    4: ("table3",),
    5: ("figure5", "table3"),
    6: ("table4", "table2"),
    7: ("table4",),
    8: ("table4",),
    9: ("table2",),
}
"""Campaigns of each figure."""

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
"""Studies of Tables 7 and 8, by the name of the paper's column that each repeats."""


def campaign_frames(
    url: str, usual: Sequence[str], given: Sequence[str], *, what: str
) -> list[CampaignFrames]:
    """Return campaigns whose trials can be shown together.

    Args:
        url: Address of the store, such as ``sqlite:///dartboard.db``.
        usual: Campaigns to use if none is given: those of them that the store has.
        given: Campaigns to use instead, all of them.
        what: What is made of the campaigns, such as ``table 1``; for the error.

    Raises:
        StoreError: If the store cannot be read, does not have a given campaign, or has none of the
            usual ones, or if conditions in one row of a table have different settings.
    """
    with Store.open(url, create=False) as store:
        known = store.campaign_names()
        names = list(given) or [name for name in usual if name in known]
        if not names:
            expected = " or ".join(repr(name) for name in usual)
            raise StoreError(
                f"{what}: expected campaign {expected} in the store, got "
                f"{nearest(usual[0], known) or 'no campaign'}",
                advice=f"run 'dartboard campaign {FOLDER}/{usual[0]}.toml' with this store, or "
                "name another campaign with --campaign",
            )
        found = [load_campaign_from(store, name) for name in dict.fromkeys(names)]
    refuse_mixtures(condition for frames in found for condition in frames.campaign.conditions)
    return found


def campaign_trials(
    url: str, usual: Sequence[str], given: Sequence[str], *, what: str
) -> pd.DataFrame:
    """Return the trials of campaigns in one frame, one row per trial; see `campaign_frames`."""
    return together(campaign_frames(url, usual, given, what=what))


def together(campaigns: Sequence[CampaignFrames]) -> pd.DataFrame:
    """Return the trials of campaigns in one frame, one row per trial."""
    return pd.concat([frames.trials for frames in campaigns], ignore_index=True)


def table_studies(url: str, number: int, given: Sequence[str]) -> dict[str, Frames]:
    """Return the studies of Table 7 or 8.

    Args:
        url: Address of the store.
        number: Number of the table: 7 or 8.
        given: Studies to use instead of the usual ones, all of them.

    Returns:
        The studies by the name of the paper's column that each repeats, or by their own name.

    Raises:
        StoreError: If the store cannot be read, does not have a given study, or has none of the
            usual ones.
    """
    usual = STUDIES[number]
    columns = {study: preset for preset, study in usual.items()}
    with Store.open(url, create=False) as store:
        known = store.study_names()
        names = list(given) or [name for name in usual.values() if name in known]
        if not names:
            first = next(iter(usual.values()))
            raise StoreError(
                f"table {number}: expected one of the studies {', '.join(usual.values())} in the "
                f"store, got {nearest(first, known) or 'no study'}",
                advice=f"run 'dartboard run {FOLDER}/{first}.toml' with this store, or name other "
                "studies with --study",
            )
        return {
            columns.get(name, name): load_from(store, name, with_curves=False) for name in names
        }
