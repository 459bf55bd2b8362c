"""What problems, spaces, operations and methods are called in tables and figures."""

PROBLEMS = {"blur": "Blur", "downsampling": "Downsampling"}
SPACES = {"sequential": "sequential", "cell": "cell"}
OPERATION_SETS = {"good": "good ops.", "all": "all ops."}
METHODS = {
    "darts": "DARTS",
    "darts-single": "DARTS-single",
    "darts-second-order": "DARTS, second order",
    "learnable-gradient-only": "Learnable grad. only",
    "nets-only": "Nets only",
    "random": "Random",
    "random-search": "Random Search",
    "random-search-equal-time": "Random Search, equal time",
}


def problem(name: str) -> str:
    """Return what a problem is called; a user's own keeps its name."""
    return PROBLEMS.get(name, name)


def operation_set(name: str) -> str:
    """Return what a set of operations is called."""
    return OPERATION_SETS.get(name, name)


def method(name: str) -> str:
    """Return what a method is called."""
    return METHODS.get(name, name)
