"""Which studies can be compared, and what a comparison and its studies are called.

One study has the objective ``final``: it is the reference, with which each other study is compared.
"""

from collections.abc import Sequence
from hashlib import sha256

from configspace.errors import StudyError
from configspace.study import Study

LONGEST = 160
"""Longest name of a file that consists of the names of studies; systems allow 255 bytes."""
_LONGEST_OTHERS = 120
"""Longest part of it for the studies that are compared with a reference."""
_TASK = (
    "problem.",
    "architecture.",
    *(f"search.{key}" for key in ("alpha_scale", "warm_up_fraction", "batch_size", "batches")),
)
"""Beginnings of the keys that must be equal. All other settings of the search belong to a variant
or to a signal."""


def in_order(studies: Sequence[Study]) -> tuple[Study, ...]:
    """Return studies as a comparison shows them: as given, but the reference last.

    Raises:
        StudyError: If the studies are not comparable; see `check_comparable`.
    """
    check_comparable(studies)
    return tuple(sorted(studies, key=lambda study: study.objective == "final"))


def check_comparable(studies: Sequence[Study]) -> None:
    """Check that studies have one reference and solve the same task.

    The variant of the search may differ, and so may the settings that belong to a variant or to a
    signal.

    Raises:
        StudyError: If there are fewer than two studies or one is named twice, if not exactly one of
            them has the objective ``final``, or if the problem, the architecture, the training in
            the search or the largest budget differ. The error names the keys.
    """
    names = [study.name for study in studies]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise StudyError(f"expected each study once, got {twice!r} twice")
    references = [study for study in studies if study.objective == "final"]
    if len(studies) < 2 or len(references) != 1:
        found = ", ".join(f"{study.name!r} with {study.objective!r}" for study in studies)
        raise StudyError(
            "expected one study with objective 'final' and at least one with another objective, "
            f"got {found or 'none'}",
            advice=_advice(len(references)),
        )
    (reference,) = references
    for study in studies:
        _check_task(study, reference)


def _advice(references: int) -> str:
    if references > 1:
        return "keep one of the final studies, with which the others are compared"
    if references == 0:
        return "add the final study, with which the others are compared"
    return "name at least one more study"


def _check_task(study: Study, reference: Study) -> None:
    """Check that a study solves the task of the reference."""
    differences = [
        one.text(f"in {study.name!r}", f"in {reference.name!r}")
        for one in study.differences(reference)
        if one.key.startswith(_TASK)
    ]
    budgets = study.rungs()[-1], reference.rungs()[-1]
    if budgets[0] != budgets[1]:
        differences.append(
            f"largest budget: {budgets[0]} epochs in {study.name!r}, {budgets[1]} in "
            f"{reference.name!r}"
        )
    if differences:
        raise StudyError(
            f"expected studies of the same task, got {study.name!r} and {reference.name!r}, which "
            f"differ in {'; '.join(differences)}"
        )


def groups(studies: Sequence[Study]) -> list[tuple[Study, ...]]:
    """Return the comparisons that are possible: each final study with all that it compares with.

    Args:
        studies: Studies of any objectives and tasks.

    Returns:
        One group per final study that has others of its task, in the order of `in_order`.
    """
    found = []
    for reference in studies:
        if reference.objective != "final":
            continue
        others = [study for study in studies if _is_comparable(study, reference)]
        if others:
            found.append((*others, reference))
    return found


def _is_comparable(study: Study, reference: Study) -> bool:
    try:
        check_comparable([study, reference])
    except StudyError:
        return False
    return True


def heading(names: Sequence[str]) -> str:
    """Return the heading of a comparison, such as ``blur-one-shot against blur-final``.

    Args:
        names: Names of the studies, the reference last.
    """
    return f"{', '.join(names[:-1])} against {names[-1]}"


def stem(names: Sequence[str]) -> str:
    """Return the name of a comparison's files without their ending.

    Args:
        names: Names of the studies, the reference last.
    """
    return f"{joined(names[:-1], _LONGEST_OTHERS)}-against-{names[-1]}"


def joined(names: Sequence[str], longest: int = LONGEST) -> str:
    """Return one name for several studies; a long one is shortened, and other studies have another.

    Args:
        names: Names of the studies; at least one.
        longest: Length up to which a name is not shortened.
    """
    whole = "-and-".join(names)
    if len(whole) <= longest:
        return whole
    digest = sha256("\n".join(names).encode()).hexdigest()[:8]
    return f"{names[0][: longest // 2]}-and-{len(names) - 1}-more-{digest}"


def labels(studies: Sequence[Study]) -> tuple[str, ...]:
    """Return what the text calls each study: by its objective, or by its name if others share it.

    For example ``one-shot study``, or ``study blur-es``.
    """
    objectives = [study.objective for study in studies]
    return tuple(
        f"{study.objective} study"
        if objectives.count(study.objective) == 1
        else f"study {study.name}"
        for study in studies
    )
