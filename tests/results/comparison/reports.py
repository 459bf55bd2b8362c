"""Made-up extra trials for reports."""

import numpy as np
import pandas as pd

from results.analysis.incumbent import reruns_of_incumbent
from results.comparison.runs import ExtraTrials
from results.frames.study import Frames


def made_up_extra_trials(
    one_shot: Frames,
    final: Frames,
    *,
    crossed: tuple[float, float] = (15.0, 15.0),
    training: float = 0.0,
) -> ExtraTrials:
    """Return trials on the other problem, and trials of exchanged architectures.

    Args:
        one_shot: A one-shot study with re-runs.
        final: A final study with re-runs.
        crossed: Mean architecture PSNR of each incumbent on the other problem, in dB.
        training: Gain of each architecture by the training of the final study, in dB.
    """
    spread = np.linspace(-0.1, 0.1, 10)
    exchanged = []
    for frames, gain in ((one_shot, training), (final, -training)):
        reruns = reruns_of_incumbent(frames)
        exchanged.append(
            pd.DataFrame(
                {
                    "index": np.arange(len(reruns)),
                    "architecture": reruns["architecture"],
                    "architecture_psnr": reruns["architecture_psnr"] + gain,
                }
            )
        )
    others = [pd.DataFrame({"architecture_psnr": level + spread}) for level in crossed]
    return ExtraTrials("downsampling", (others[0], others[1]), (exchanged[0], exchanged[1]))
