"""The setting of conditions that a report compares: in words, and as columns."""

from configspace.condition import Condition
from configspace.names import counted


def setting_words(condition: Condition, *, searched: str = "") -> str:
    """Return problem, space, operations, epochs and hyperparameters in words.

    Args:
        condition: A condition of the setting.
        searched: What is searched instead of the operations.
    """
    architecture = condition.architecture
    custom = " and custom" * bool(architecture.custom)
    return ", ".join(
        (
            condition.problem.name,
            architecture.space,
            searched or f"{architecture.operations}{custom} operations",
            counted(condition.epochs, "epoch"),
            condition.preset,
        )
    )


def setting_columns(condition: Condition) -> dict[str, object]:
    """Return what `setting_words` returns as columns of a table."""
    architecture = condition.architecture
    return {
        "problem": condition.problem.name,
        "space": architecture.space,
        "operations": " ".join([architecture.operations, *architecture.custom]),
        "epochs": condition.epochs,
        "hyperparameters": condition.preset,
    }
