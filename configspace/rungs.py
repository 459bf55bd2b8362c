"""The rungs of successive halving: budgets in whole epochs."""


def rungs(min_epochs: float, max_epochs: float, eta: int) -> tuple[int, ...]:
    """Return the budgets max/eta^k that are not below ``min_epochs``, smallest first.

    The rungs are counted by multiplication. hpbandster truncates a float logarithm, and so loses a
    rung whenever max/min is an exact power of eta whose logarithm rounds down (1 to 243 at eta 3).
    Each budget is rounded to whole epochs, and is at least 1.

    Args:
        min_epochs: Smallest budget, in epochs.
        max_epochs: Largest budget, in epochs.
        eta: Factor between two rungs.

    Raises:
        ValueError: If ``min_epochs`` is above ``max_epochs``, or two rungs have equal budgets.
    """
    if min_epochs > max_epochs:
        raise ValueError(
            f"expected bohb.min_epochs up to bohb.max_epochs ({max_epochs:.15g}), "
            f"got {min_epochs:.15g}"
        )
    budgets = [_whole(max_epochs)]
    while min_epochs * eta ** len(budgets) <= max_epochs:
        budgets.insert(0, _whole(max_epochs / eta ** len(budgets)))
        if budgets[0] == budgets[1]:
            raise ValueError(
                f"bohb: expected rungs that differ, got {budgets} from epochs {min_epochs:.15g} to "
                f"{max_epochs:.15g} at eta {eta}; raise min_epochs or eta"
            )
    return tuple(budgets)


def _whole(epochs: float) -> int:
    return max(1, round(epochs))
