"""Comparison of studies with a final study, the reference."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from configspace.errors import StoreError
from configspace.hyperparameters import Hyperparameters
from configspace.study import Study
from results.comparison.sides import compare, compare_frames, simultaneous_level
from results.comparison.table import headings, rows, verdict
from results.store.store import Store
from tests.results.comparison.several import several
from tests.results.made_up import filled, id_of, run


@pytest.fixture
def two(url: str) -> str:
    """Return the URL of a store with two studies whose incumbents were re-run."""
    with Store.open(url) as store:
        filled(store, "one", "one-shot", seed=1, reruns=12)
        filled(store, "two", "final", seed=2, reruns=16)
    return url


def separated(url: str, one_shot: float, final: float, *, same: bool = False) -> str:
    """Write two studies whose re-runs score about the given PSNRs, and return the URL.

    Both have the same incumbent if ``same``.
    """
    with Store.open(url) as store:
        for name, objective, level in (("one", "one-shot", one_shot), ("two", "final", final)):
            made = Study.model_validate({"name": name, "objective": objective})
            store.begin(made, {})
            values = Hyperparameters(param_lr=1e-2 if same or name == "one" else 1e-3)
            run(store, made, id_of(0), values, [(20.0, 20.0 if name == "two" else None)])
            psnrs: list[tuple[float, float | None]] = [
                (20.0 + i / 10, level + i % 4 / 10) for i in range(12)
            ]
            run(store, made, id_of(0, purpose="rerun"), values, psnrs)
    return url


def test_incumbents_are_judged_by_their_re_runs(two: str) -> None:
    comparison = compare(two, "one", "two")
    assert [side.n for side in comparison.sides] == [12, 16]
    for side in comparison.sides:
        assert side.incumbent.configuration == (0, 0, 6)
        assert side.architecture.best == side.architecture_psnr.max()
        assert side.architecture.mean.value == pytest.approx(side.architecture_psnr.mean())
        assert side.one_shot.median.value == pytest.approx(np.median(side.one_shot_psnr))
        assert side.architecture.mean.n == side.n


def test_other_re_runs_do_not_count(two: str) -> None:
    with Store.open(two) as store:
        for number, epochs in ((3, 50), (6, 17)):
            run(
                store,
                store.study("two"),
                id_of(number, epochs, "rerun"),
                Hyperparameters(param_lr=1e-3 * (number + 1)),
                [(99.0, 99.0)],
            )
    assert compare(two, "one", "two").reference.n == 16


def test_crashed_re_runs_are_counted_and_said(url: str) -> None:
    store_url = separated(url, 20.0, 20.2)
    (before,) = compare(store_url, "one", "two").versus
    assert "crashed" not in verdict(before)
    with Store.open(store_url) as store:
        for part in range(1, 10):
            id = id_of(0, purpose="rerun", part=part)
            values = Hyperparameters(param_lr=1e-3)
            store.submit("two", id, values, model_based=False, seeds=1)
            store.fail("two", id, state="crashed", failure=None, message="why", worker="w")
    comparison = compare(store_url, "one", "two")
    (found,) = comparison.versus
    assert [side.crashed for side in found.sides] == [0, 9]
    assert found.gain == before.gain
    assert before.improvement.low > 0.5 > found.improvement.low
    assert "9 re-runs of the final study's and 0 of the one-shot study's crashed" in verdict(found)
    assert ("Re-runs", "12", "12 (9 crashed)") in rows(comparison)


def test_a_studys_cost_is_epochs_times_trials(two: str) -> None:
    one_shot, final = compare(two, "one", "two").sides
    searched = (9 * 17 + 3 * 50) * 3
    assert (one_shot.cost.epochs, final.cost.epochs) == (searched, 2 * searched)
    assert one_shot.cost.seconds == pytest.approx(12 * 3 * 0.5)
    assert final.cost.seconds == pytest.approx(12 * 3 * 0.75)


def test_the_gap_is_observed_minus_mean(url: str) -> None:
    one_shot, final = compare(separated(url, 18.0, 21.0), "one", "two").sides
    assert one_shot.gap.value == pytest.approx(20.0 - 20.55)
    assert final.gap.value == pytest.approx(20.0 - 21.15)
    mean = final.objective_mean
    assert (final.gap.low, final.gap.high) == (20.0 - mean.high, 20.0 - mean.low)
    assert (final.curse.observed, final.curse.share, final.curse.n) == (20.0, 1.0, 12)


def test_the_gain_is_final_minus_one_shot(url: str) -> None:
    (versus,) = compare(separated(url, 18.0, 21.0), "one", "two").versus
    assert versus.gain.value == pytest.approx(3.0)
    assert versus.improvement.value == 1.0


def test_each_study_is_compared_with_the_reference(tmp_path: Path) -> None:
    *others, final = several(tmp_path, 2)
    found = compare_frames([others[0], final, others[1]])
    assert [side.study.name for side in found.sides] == ["other-0", "other-1", "final"]
    for versus in found.versus:
        assert versus.reference is found.reference
        means = versus.reference.architecture_psnr.mean(), versus.other.architecture_psnr.mean()
        assert versus.gain.value == pytest.approx(means[0] - means[1])


@pytest.mark.slow
def test_more_studies_widen_the_intervals_of_differences(tmp_path: Path) -> None:
    studies = several(tmp_path, 4)
    (of_two,) = compare_frames([studies[0], studies[-1]]).versus
    of_five = compare_frames(studies).versus[0]
    assert (of_two.level, of_five.level) == pytest.approx((0.95, 0.9875))
    assert of_five.gain.value == of_two.gain.value
    assert of_five.gain.low < of_two.gain.low < of_two.gain.high < of_five.gain.high
    assert of_five.improvement.low < of_two.improvement.low
    assert of_five.reference.architecture.mean == of_two.reference.architecture.mean


@pytest.mark.parametrize(("others", "level"), [(1, 0.95), (2, 0.975), (4, 0.9875)])
def test_the_levels_of_all_studies_sum_to_5_percent(others: int, level: float) -> None:
    assert simultaneous_level(others) == pytest.approx(level)


def test_another_variant_is_another_setting(tmp_path: Path) -> None:
    studies = several(tmp_path, 2)
    (one, two) = compare_frames(studies).versus
    same = replace(two.other, incumbent=replace(two.reference.incumbent))
    assert replace(two, other=same).same_incumbent
    assert two.other.study.search != two.reference.study.search
    changed = replace(two.reference.incumbent, study=two.other.study)
    assert not replace(two, other=replace(two.other, incumbent=changed)).same_incumbent
    assert not one.same_incumbent


def test_the_same_seed_gives_the_same_table(two: str) -> None:
    assert rows(compare(two, "one", "two")) == rows(compare(two, "one", "two"))


def test_missing_re_runs_are_an_error(url: str) -> None:
    with Store.open(url) as store:
        filled(store, "one", "one-shot")
        filled(store, "two")
    with pytest.raises(StoreError, match=r"of study 'one', got none of \(0, 0, 6\) on 50 .* run"):
        compare(url, "one", "two")


def test_the_table_has_figures_of_both_studies(two: str) -> None:
    comparison = compare(two, "one", "two")
    cells = {label: values for label, *values in rows(comparison)}
    assert headings(comparison)[1:] == ("one", "two")
    assert cells["Re-runs"] == ["12", "16"]
    assert cells["Configurations from the model"] == ["5 of 9 (56%)", "5 of 9 (56%)"]
    assert cells["Evaluations finished"] == ["12", "12"]
    assert cells["Cost of the study (epochs × trials)"] == ["909", "1,818"]
    assert {
        f"{psnr} PSNR, {what} (dB)"
        for psnr in ("Architecture", "One-shot")
        for what in ("best", "mean", "median")
    } <= cells.keys()


def test_the_observed_score_is_next_to_the_re_runs(two: str) -> None:
    comparison = compare(two, "one", "two")
    labels = [label for label, *_ in rows(comparison)]
    first = labels.index("Objective's PSNR in the study (dB)")
    assert labels[first + 1] == "Objective's PSNR, mean of re-runs (dB)"
    assert rows(comparison)[first + 1][1:] == (
        f"{comparison.sides[0].one_shot_psnr.mean():.2f}",
        f"{comparison.reference.architecture_psnr.mean():.2f}",
    )


@pytest.mark.parametrize(
    ("one_shot", "final", "said"),
    [
        (
            18.0,
            21.0,
            "Re-run, the final study's incumbent scores higher than the one-shot study's; ",
        ),
        (
            21.0,
            18.0,
            "Re-run, the one-shot study's incumbent scores higher than the final study's; ",
        ),
        (20.0, 20.0, "Re-run, the answer is undecided: the re-runs do not show which incumbent "),
    ],
)
def test_the_verdict_follows_from_the_figures(
    url: str, one_shot: float, final: float, said: str
) -> None:
    sentence = verdict(compare(separated(url, one_shot, final), "one", "two").versus[0])
    assert sentence.startswith(said)
    assert "n = 12 and 12" in sentence
    assert sentence.endswith("The final study cost 2.0 times the epochs.")


def test_the_verdict_names_equal_incumbents(url: str) -> None:
    sentence = verdict(compare(separated(url, 18.0, 21.0, same=True), "one", "two").versus[0])
    assert sentence.startswith("Both studies have the same incumbent configuration, ")
