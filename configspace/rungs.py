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
            f"bohb.min_epochs ({min_epochs:g}) must not be above bohb.max_epochs ({max_epochs:g})"
        )
    count = 1
    while min_epochs * eta**count <= max_epochs:
        count += 1
    budgets = tuple(
        max(1, round(max_epochs / eta**exponent)) for exponent in reversed(range(count))
    )
    if len(set(budgets)) < count:
        raise ValueError(
            f"bohb: epochs {min_epochs:g} to {max_epochs:g} at eta {eta} give equal rungs "
            f"{list(budgets)}; raise min_epochs or eta"
        )
    return budgets
