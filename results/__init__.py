"""Stored results, and how they are shown: store, frames, statistics, tables and plots."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from results.frames.campaign import CampaignFrames
    from results.frames.study import Frames


def load(url: str, study: str) -> "Frames":
    """Return all results of a study as tidy pandas frames.

    Every frame has one row per observation. The frames share their keys, so they merge, for
    example ``frames.trials.merge(frames.evaluations)``. PSNRs are in dB, times in UTC, durations
    in seconds of wall-clock time on the worker.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.
        study: Name of the study.

    Returns:
        The frames of one moment, also while the study is running:

            - ``configurations``: one row per configuration, with its hyperparameters.
            - ``evaluations``: one row per configuration and budget, with its state and ``loss``
              and ``score`` (the objective, aggregated over its trials, in its unit).
            - ``trials``: one row per trial, with its PSNRs, its architecture and its times.
            - ``curves``: one row per trial, phase and epoch.

    Raises:
        StoreError: If the store cannot be read or has no such study.

    Examples:
        >>> frames = results.load("sqlite:///dartboard.db", "blur-final")
        >>> frames.trials.groupby("epochs")["architecture_psnr"].median()
    """
    # pandas is slow to import, and the master does not use it.
    from results.frames.study import load as load_frames

    return load_frames(url, study)


def load_campaign(url: str, name: str) -> "CampaignFrames":
    """Return all results of a campaign as tidy pandas frames, without curves.

    PSNRs are in dB, times in UTC, durations in seconds of wall-clock time on the worker. For the
    curves, call ``results.frames.campaign.load_campaign`` with ``with_curves=True``.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.
        name: Name of the campaign.

    Returns:
        The frames of one moment, also while the campaign is running:

            - ``conditions``: one row per condition, with its settings and its progress.
            - ``evaluations``: one row per job, with its state.
            - ``trials``: one row per finished trial, with its PSNRs, its architecture and its
              times.
            - ``curves``: an empty frame.

    Raises:
        StoreError: If the store cannot be read or has no such campaign.

    Examples:
        >>> trials = results.load_campaign("sqlite:///dartboard.db", "table1").trials
        >>> trials.groupby(["problem", "method"])["architecture_psnr"].describe()
    """
    from results.frames import campaign

    return campaign.load_campaign(url, name)
