"""What is kept of a study, and how it is shown: store, frames, statistics, tables and plots."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from results.frames.campaign import CampaignFrames
    from results.frames.study import Frames


def load(url: str, study: str) -> "Frames":
    """Return everything a store holds of a study, as tidy pandas frames.

    Args:
        url: Where the store is, such as ``sqlite:///dartboard.db``.
        study: A study's name.

    Raises:
        StoreError: If the store cannot be read, or has no such study.
    """
    # pandas is slow to import, and the master does not use it
    from results.frames.study import load as load_frames

    return load_frames(url, study)


def load_campaign(url: str, name: str) -> "CampaignFrames":
    """Return what a store holds of a campaign, as tidy pandas frames; their curves are left out.

    Args:
        url: Where the store is, such as ``sqlite:///dartboard.db``.
        name: A campaign's name.

    Raises:
        StoreError: If the store cannot be read, or has no such campaign.
    """
    from results.frames import campaign

    return campaign.load_campaign(url, name)
