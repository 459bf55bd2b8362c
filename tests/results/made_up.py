"""Synthetic studies and outcomes, which are written to a store without running anything."""

from importlib import metadata
from typing import Any

import numpy as np

from configspace.evaluation import EvaluationSettings
from configspace.hyperparameters import Hyperparameters
from configspace.job import Curve, EvaluationId, Outcome, Purpose, Trial, loss, trial_seed
from configspace.signals import KEPT_TOGETHER, Objective
from configspace.study import Study
from results.store.store import Store

LAYERS = ("learnable_gradient", "net", "roll", "noise")


def study(name: str = "blur-final", objective: Objective = "final", **settings: Any) -> Study:
    return Study(name=name, objective=objective, **settings)


def id_of(
    number: int = 0, epochs: int = 50, purpose: Purpose = "study", part: int = 0
) -> EvaluationId:
    return EvaluationId(configuration=(0, 0, number), epochs=epochs, purpose=purpose, part=part)


def outcome(
    id: EvaluationId,
    psnrs: list[tuple[float, float | None]] | None = None,
    *,
    epochs: int = 2,
    seed: int = 0,
) -> Outcome:
    """Return an outcome with one trial per pair (one-shot PSNR, architecture PSNR).

    The other PSNRs follow from the first one, and so do the eigenvalues, which fall with it.
    """
    pairs = [(20.0, 21.5)] if psnrs is None else psnrs
    return Outcome(
        id=id,
        trials=tuple(
            Trial(
                seed=trial_seed(seed, id, index),
                one_shot_psnr=one_shot,
                architecture=tuple(LAYERS[(index + layer) % 4] for layer in range(10)),
                architecture_psnr=architecture,
                signals=_signals(one_shot),
                search_seconds=0.5,
                retrain_seconds=None if architecture is None else 0.25,
                curves=_curves(epochs, retrained=architecture is not None),
            )
            for index, (one_shot, architecture) in enumerate(pairs)
        ),
        engine="torch",
        device="cpu",
    )


def _signals(one_shot: float) -> dict[str, float]:
    found = dict.fromkeys(KEPT_TOGETHER, 1.0 / (1.0 + abs(one_shot)))
    return found | {"inherited": one_shot - 1, "short": one_shot - 2, "second_final": one_shot + 1}


def _curves(epochs: int, *, retrained: bool) -> tuple[Curve, ...]:
    falling = tuple(1.0 / (epoch + 1) for epoch in range(epochs))
    search = Curve(
        phase="search",
        train_loss=falling,
        psnr=falling,
        validation_loss=falling,
        entropy=falling,
        alpha_norm=falling,
    )
    retrain = Curve(phase="retrain", train_loss=falling, psnr=falling)
    return (search, retrain) if retrained else (search,)


def run(
    store: Store,
    study: Study,
    id: EvaluationId,
    hyperparameters: Hyperparameters | None = None,
    psnrs: list[tuple[float, float | None]] | None = None,
    *,
    model_based: bool = False,
    epochs: int = 2,
) -> None:
    """Submit, lease and finish an evaluation."""
    result = outcome(id, psnrs, epochs=epochs, seed=study.seed)
    store.submit(study.name, id, hyperparameters or Hyperparameters(), model_based=model_based)
    store.lease(study.name, id, worker="w1", token="t1", attempt=1)
    objective = "final" if id.purpose == "rerun" else study.objective
    value = loss(result, objective, study.evaluation.aggregate)
    store.finish(study.name, result, loss=value, worker="w1")


def filled(
    store: Store,
    name: str = "blur-final",
    objective: Objective = "final",
    *,
    configurations: int = 9,
    trials: int = 3,
    reruns: int = 0,
    seed: int = 0,
    **settings: Any,
) -> Study:
    """Write a study to a store: every configuration with 17 epochs, every third one with 50.

    The best configuration with 50 epochs is the one with the largest number. It is re-run in parts
    of at most 4 trials.
    """
    made = study(
        name, objective, seed=seed, evaluation=EvaluationSettings(trials=trials), **settings
    )
    store.begin(made, {"dartboard": metadata.version("dartboard")})
    random = np.random.default_rng(seed)

    def pairs(level: float, count: int, *, retrained: bool) -> list[tuple[float, float | None]]:
        one_shot = level + random.normal(size=count)
        architecture = 0.7 * one_shot + 7 + random.normal(size=count)
        return [
            (float(x), float(y) if retrained else None)
            for x, y in zip(one_shot, architecture, strict=True)
        ]

    final = objective == "final"
    for number in range(configurations):
        hyperparameters = Hyperparameters(param_lr=1e-3 * (number + 1))
        for epochs, level in ((17, 10.0), (50, 15.0)):
            if epochs == 17 or number % 3 == 0:
                run(
                    store,
                    made,
                    id_of(number, epochs),
                    hyperparameters,
                    pairs(level + 5 * number, trials, retrained=final),
                    model_based=number % 2 == 0,
                )
    best = (configurations - 1) // 3 * 3
    for part, start in enumerate(range(0, reruns, 4)):
        run(
            store,
            made,
            id_of(best, 50, "rerun", part),
            Hyperparameters(param_lr=1e-3 * (best + 1)),
            pairs(20.0, min(4, reruns - start), retrained=True),
        )
    store.end(name, "done")
    return made
