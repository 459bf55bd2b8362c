"""The runs of a surrogate campaign: supernets that scored architectures, and their trainings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from configspace.condition import Condition
from configspace.errors import StoreError
from results.analysis.setting import setting_words
from results.analysis.signal_runs import harmful_operations
from results.frames.campaign import CampaignFrames, load_campaign_from
from results.stats.estimates import Floats
from results.store.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class Supernets:
    """The supernets of one method, and what they say of the architectures."""

    method: str
    psnr: Floats
    """PSNR with the weights of each supernet, in dB, ``(supernet, architecture)``; minus infinity
    where it is not finite."""
    alpha_likelihood: Floats | None
    """Log-likelihood under each supernet's softmax(α), of the same shape; None without α."""


@dataclass(frozen=True, slots=True, eq=False)
class SurrogateGroup:
    """Architectures of one problem, space and operation set, with one set of hyperparameters."""

    first: Condition
    """The condition that trains the architectures."""
    trained: Floats
    """PSNR of each architecture after two trainings, in dB, ``(architecture, 2)``."""
    baseline: Floats | None
    """Minus the number of harmful operations of each architecture, ``(architecture,)``; None if it
    is not known which operations are harmful."""
    supernets: tuple[Supernets, ...]
    """In the order of the campaign; only methods of which a supernet is finished."""
    planned: int
    """Number of architectures that the campaign trains; those whose training crashed are missing
    in the arrays."""

    @property
    def name(self) -> str:
        """Problem, space, operations, epochs and hyperparameters in words."""
        return setting_words(self.first)


def load_surrogates(url: str, names: Sequence[str]) -> list[SurrogateGroup]:
    """Return the groups of surrogate campaigns, in the order of their conditions.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.
        names: Names of campaigns.

    Raises:
        StoreError: If the store cannot be read, a campaign is missing, or no supernet scored
            architectures that were trained twice.
    """
    with Store.open(url, create=False) as store:
        campaigns = [load_campaign_from(store, name) for name in dict.fromkeys(names)]
    groups = [
        group
        for frames in campaigns
        for condition in frames.campaign.conditions
        if (group := _group(frames, condition)) is not None
    ]
    if not groups:
        raise StoreError(
            f"expected supernets that scored trained architectures, got none in {', '.join(names)}",
            advice="run a campaign with a table [surrogate] by 'dartboard surrogate CAMPAIGN.toml'",
        )
    return groups


def _group(frames: CampaignFrames, random: Condition) -> SurrogateGroup | None:
    """Return what supernets say of the architectures of one condition; None without any."""
    architectures = random.fixed_architectures(range(random.trials))
    if random.method != "random" or architectures is None:
        return None
    trials = frames.trials[frames.trials["condition"] == random.name].set_index("trial")
    trials = trials[trials["architecture_psnr"].notna() & trials["second_final"].notna()]
    scorers = [
        condition
        for condition in frames.campaign.conditions
        if condition.candidates is not None
        and condition.preset == random.preset
        and condition.candidates.architectures == architectures
    ]
    found = [_supernets(frames, condition, trials.index) for condition in scorers]
    supernets = tuple(one for one in found if len(one.psnr))
    if not supernets or trials.empty:
        return None
    harmful = harmful_operations(random.architecture, trials["architecture"])
    return SurrogateGroup(
        random,
        trials[["architecture_psnr", "second_final"]].to_numpy(np.float64),
        None if harmful is None else -np.asarray(harmful, np.float64),
        supernets,
        random.trials,
    )


def _supernets(frames: CampaignFrames, condition: Condition, trained: "pd.Index[int]") -> Supernets:
    """Return what the supernets of a condition say of the architectures that were trained."""
    rows = frames.candidates[frames.candidates["condition"] == condition.name]
    psnr = rows.pivot(index="trial", columns="candidate", values="psnr")
    likelihood = rows.pivot(index="trial", columns="candidate", values="alpha_likelihood")
    likelihoods = likelihood.reindex(columns=trained).to_numpy(np.float64)
    return Supernets(
        condition.method,
        psnr.reindex(columns=trained).fillna(-np.inf).to_numpy(np.float64),
        None if np.isnan(likelihoods).any() or not likelihoods.size else likelihoods,
    )
