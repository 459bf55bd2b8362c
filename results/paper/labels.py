"""Names of problems, spaces, operations and methods in tables and figures."""

from results.paper.published import Setting

PROBLEMS = {"blur": "Blur", "downsampling": "Downsampling"}
SPACES = {"sequential": "sequential", "cell": "cell"}
OPERATION_SETS = {"good": "good ops.", "all": "all ops."}
METHODS = {
    "darts": "DARTS",
    "darts-single": "DARTS-single",
    "darts-second-order": "DARTS, second order",
    "darts-es": "DARTS-ES",
    "darts-ada": "DARTS-ADA",
    "best-of-four": "Best of four DARTS",
    "r-darts-l2": "R-DARTS (L2)",
    "r-darts-dp": "R-DARTS (DP)",
    "rs-ws": "RS-WS",
    "learnable-gradient-only": "Learnable grad. only",
    "nets-only": "Nets only",
    "random": "Random",
    "random-search": "Random Search",
    "random-search-equal-cost": "Random Search, equal cost",
}


def problem(name: str) -> str:
    """Return the label of a problem; a custom problem keeps its name."""
    return PROBLEMS.get(name, name)


def operation_set(name: str) -> str:
    """Return the label of a set of operations."""
    return OPERATION_SETS.get(name, name)


def method(name: str) -> str:
    """Return the label of a method."""
    return METHODS.get(name, name)


def space(name: str) -> str:
    """Return the label of a space."""
    return f"{SPACES.get(name, name)} space"


def setting(one: Setting) -> str:
    """Return the full label of a setting; it omits the sequential space."""
    parts = [problem(one.problem), operation_set(one.operations), method(one.method)]
    parts.append(one.hyperparameters)
    return ", ".join(parts if one.space == "sequential" else [*parts, space(one.space)])
