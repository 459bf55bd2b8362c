"""Made-up trials beyond two studies' own, for reports."""

import numpy as np
import pandas as pd

from results.analysis.incumbent import reruns_of_incumbent
from results.comparison.report import Runs
from results.frames.study import Frames


def made_up_runs(
    one_shot: Frames,
    final: Frames,
    *,
    crossed: tuple[float, float] = (15.0, 15.0),
    training: float = 0.0,
) -> Runs:
    """Return trials on the other problem of such means, and exchanged ones.

    Args:
        one_shot: A study with re-runs.
        final: Another.
        crossed: The incumbents' mean architecture PSNRs on the other problem; spread by 0.1.
        training: How much better each architecture gets by the training of the final study.
    """
    spread = np.linspace(-0.1, 0.1, 10)
    exchanged = []
    for frames, gain in ((one_shot, training), (final, -training)):
        own = reruns_of_incumbent(frames)
        exchanged.append(
            pd.DataFrame(
                {
                    "index": np.arange(len(own)),
                    "architecture": own["architecture"],
                    "architecture_psnr": own["architecture_psnr"] + gain,
                }
            )
        )
    others = [pd.DataFrame({"architecture_psnr": level + spread}) for level in crossed]
    return Runs("downsampling", (others[0], others[1]), (exchanged[0], exchanged[1]))
