"""What judged signals show, in sentences."""

from results.analysis.cost import HESSIAN_NOT_COUNTED
from results.analysis.signal_text import heading, sentences
from results.analysis.signals import judge
from tests.results.analysis.made_up_signals import group


def test_verdicts_are_told_for_both_scopes() -> None:
    within, overall, *_ = sentences(judge(group(), resamples=200))
    assert within == (
        "Within a configuration: inherited predicts the final score; undecided: one-shot and "
        "entropy; constant: flips; inherited beats the baseline; below it: entropy; "
        "the best signal may be inherited."
    )
    assert overall == "Over all runs: undecided, with fewer than 50 runs or 16 configurations."


def test_it_is_said_that_no_signal_beats_the_baseline() -> None:
    made = group()
    made.runs["inherited"] = made.runs["entropy"] + 0.0
    within = sentences(judge(made, resamples=200))[0]
    assert "no signal predicts the final score" in within
    assert "no signal beats the baseline" in within


def test_a_missing_ceiling_comes_with_advice() -> None:
    (line,) = (one for one in sentences(judge(group(), resamples=50)) if "Ceiling" in one)
    assert '[evaluation] signals = ["second-final"]' in line


def test_a_recorded_ceiling_comes_with_its_correlation() -> None:
    made = group(second_final=0.0)
    made.runs["second_final"] = made.runs["score"]
    (line,) = (one for one in sentences(judge(made, resamples=50)) if "Ceiling" in one)
    assert "predicts the final score with 1.00 [1.00, 1.00]; a signal without" in line


def test_missing_signals_and_baselines_are_named() -> None:
    lines = sentences(judge(group(operations="good"), resamples=50))
    assert "No baseline without training: the operation set good has no harmful ones." in lines
    assert any(line.startswith("Not recorded: short, eigenvalue") for line in lines)


def test_the_heading_counts_runs_and_configurations() -> None:
    assert heading(judge(group(), resamples=20)) == (
        "blur, sequential, all operations, 50 epochs: 90 runs, 3 configurations"
    )


def test_the_last_note_explains_signs_and_costs() -> None:
    last = sentences(judge(group(), resamples=20))[-1]
    assert "positive correlation is good" in last
    assert last.endswith("in epochs × trials.")


def test_recorded_eigenvalues_come_with_their_cost() -> None:
    made = group()
    made.runs["eigenvalue"] = made.runs["entropy"]
    assert sentences(judge(made, resamples=20))[-1].endswith(HESSIAN_NOT_COUNTED)
