"""A comparison as one self-contained HTML page.

Its pictures are embedded, it loads nothing from elsewhere, and it is suitable for printing.
"""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import jinja2
from matplotlib.figure import Figure

from configspace.errors import DartboardError
from configspace.hyperparameters import written
from configspace.study import Study
from configspace.whole_file import write_whole
from results.analysis.incumbent import incumbents_table
from results.comparison.answers import accounting, answers
from results.comparison.figures import best_by_cost_figure, comparison_figure, means_figure
from results.comparison.report import ComparisonReport
from results.comparison.rules import INTERVALS
from results.comparison.table import headings, interval, rows, signed
from results.stats.correlations import Correlations
from results.stats.estimates import Estimate

_TEMPLATE = Path(__file__).with_name("page.html.jinja")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the page."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the page."""

    caption: str
    png: str
    """The PNG file, encoded in Base64."""


def page(report: ComparisonReport, *, trials: Figure | None = None) -> str:
    """Return the HTML of the page.

    Args:
        report: The comparison to show.
        trials: Figure of all trials of the final study; None leaves it out.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    one_shot, final = (side.study for side in report.comparison.sides)
    found = answers(report)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        one_shot=one_shot,
        final=final,
        task=_task(final),
        answers=found,
        accounting=accounting(found),
        intervals=INTERVALS,
        tables=tables(report),
        pictures=[
            Picture(caption, _embedded(figure)) for caption, figure in _figures(report, trials)
        ],
    )


def save_page(text: str, path: Path) -> Path:
    """Write a page and return its path.

    Raises:
        DartboardError: If the file cannot be written.
    """
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise DartboardError(f"cannot write {str(path)!r}: {error.strerror}") from error
    return path


def tables(report: ComparisonReport) -> list[Table]:
    """Return the tables of the page; a table whose runs are missing is left out."""
    found = [
        Table("The incumbents re-run on fresh seeds", headings(report.comparison), _rows(report)),
        _hyperparameters(report),
        _costs(report),
        _agreements(report),
        _rankings(report),
        _crossed(report),
        _exchanged(report),
    ]
    return [table for table in found if table is not None]


def _rows(report: ComparisonReport) -> tuple[tuple[str, ...], ...]:
    return tuple(rows(report.comparison))


def _task(study: Study) -> str:
    architecture, problem = study.architecture, study.problem
    return (
        f"{problem.name}, measurement noise {problem.noise:g}; {architecture.space} space, "
        f"operations {architecture.operations}; search {study.search.variant}"
    )


def _hyperparameters(report: ComparisonReport) -> Table:
    frame = incumbents_table([side.incumbent for side in report.comparison.sides])
    return Table(
        "The incumbents' hyperparameters",
        tuple(str(name) for name in frame.columns),
        tuple(tuple(_text(value) for value in row) for row in frame.itertuples(index=False)),
    )


def _costs(report: ComparisonReport) -> Table:
    lines = []
    for side, at in zip(report.comparison.sides, report.at_the_others_cost, strict=True):
        found = at.incumbent
        mean = (
            side.objective_mean if at.is_last else report.equal_cost and report.equal_cost.objective
        )
        rerun = f"{interval(mean)}, n = {mean.n}" if mean else "not re-run"
        lines.append(
            (
                side.study.name,
                f"{at.total:,}",
                f"{side.cost.seconds:,.0f}",
                f"{at.limit:,}{' (ended before)' if at.whole else ''}",
                "nothing yet" if found is None else f"{found.configuration}@{found.epochs}",
                "" if found is None else f"{found.score:.2f}, the best of {at.scores}",
                "" if found is None else rerun,
            )
        )
    return Table(
        "What each study had at the other's cost",
        (
            "study",
            "its cost (epochs × trials)",
            "its time on the workers (s)",
            "the other's cost (epochs × trials)",
            "best by then",
            "observed (dB)",
            "mean of re-runs (dB)",
        ),
        tuple(lines),
        "Each score is the one that its study maximized: one-shot PSNR or architecture PSNR. An "
        "observed score is the best of several on the same budget, so it is probably too high. A "
        "study that ended before is shown at its end: what it would have reached at a higher cost "
        "is unknown. An evaluation costs its epochs times its trials for the search, and the same "
        "again for the retraining if its study retrains. A crashed one has the cost of a "
        "finished one; a lost one costs nothing. The time on the workers is for information only.",
    )


def _agreements(report: ComparisonReport) -> Table:
    one_shot, final = report.comparison.sides
    lines = []
    if report.over_configurations is not None:
        lines.append(
            _correlated(
                f"configurations of {final.study.name} on its largest budget",
                report.over_configurations,
            )
        )
    for side, within in zip((one_shot, final), report.within, strict=True):
        lines.append(_correlated(f"re-runs of the incumbent of {side.study.name}", within))
    return Table(
        "Correlation of one-shot PSNR and architecture PSNR",
        ("over", "Pearson", "Spearman", "Kendall", "n"),
        tuple(lines),
        "A one-shot study does not retrain its trials.",
    )


def _correlated(what: str, found: Correlations) -> tuple[str, ...]:
    return (
        what,
        interval(found.pearson),
        interval(found.spearman),
        interval(found.kendall),
        str(found.pearson.n),
    )


def _rankings(report: ComparisonReport) -> Table:
    lines = [
        (
            side.study.name,
            f"{ranking.small} and {ranking.large}",
            interval(ranking.spearman),
            interval(ranking.kendall),
            str(ranking.spearman.n),
        )
        for side, found in zip(report.comparison.sides, report.rankings, strict=True)
        for ranking in found
    ]
    return Table(
        "How small budgets rank configurations for the large one",
        ("study", "epochs", "Spearman", "Kendall", "n"),
        tuple(lines),
        "Over the configurations that were run on both budgets.",
    )


def _crossed(report: ComparisonReport) -> Table | None:
    found = report.crossed
    if found is None:
        return None
    lines = [
        (
            side.study.name,
            f"{summary.best:.2f}",
            interval(summary.mean),
            interval(summary.median),
            str(summary.mean.n),
        )
        for side, summary in zip(
            report.comparison.sides, (found.one_shot, found.final), strict=True
        )
    ]
    return Table(
        f"The same incumbents on {found.problem}",
        ("incumbent of", "best (dB)", "mean (dB)", "median (dB)", "n"),
        tuple(lines),
    )


def _exchanged(report: ComparisonReport) -> Table | None:
    found = report.exchange
    if found is None:
        return None
    return Table(
        "Architectures of one incumbent, trained with the param_* of the other",
        ("architectures of", "param_* of one-shot (dB)", "param_* of final (dB)", "n"),
        (
            _exchange_row("one-shot", found.one_shot_one_shot, found.one_shot_final),
            _exchange_row("final", found.final_one_shot, found.final_final),
        ),
        f"Main effect of the final study's architectures {signed(found.architecture_effect)}, of "
        f"its param_* {signed(found.training_effect)}, interaction {signed(found.interaction)}.",
    )


def _exchange_row(what: str, one_shot: Estimate, final: Estimate) -> tuple[str, ...]:
    return what, interval(one_shot), interval(final), str(final.n)


def _text(value: object) -> str:
    return written(value) if isinstance(value, float | bool | str) else str(value)


def _figures(report: ComparisonReport, trials: Figure | None) -> list[tuple[str, Figure]]:
    figures = [
        (
            "Each point is a re-run of an incumbent: architecture PSNR against one-shot PSNR.",
            comparison_figure(report.comparison),
        ),
        ("Mean architecture PSNR of each setting that was run.", means_figure(report)),
        ("Best score observed on the largest budget, by cost.", best_by_cost_figure(report)),
    ]
    if trials is not None:
        figures.append(("All trials of the final study on its largest budget.", trials))
    return figures


def _embedded(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=144)
    return base64.b64encode(buffer.getvalue()).decode()
