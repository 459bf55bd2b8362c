"""A comparison as one self-contained HTML page.

Its pictures are embedded, it loads nothing from elsewhere, and it is suitable for printing.
"""

import base64
import io
from collections.abc import Sequence
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
from results.comparison.figures import (
    best_by_cost_figure,
    comparison_figure,
    differences_figure,
    means_figure,
)
from results.comparison.numbers import interval, number, percent, signed, with_unit
from results.comparison.overview import overview_headings, overview_note, overview_rows
from results.comparison.report import ComparisonReport, PairReport, StandIn
from results.comparison.rules import INTERVALS
from results.comparison.sides import Summary
from results.comparison.studies import heading
from results.comparison.table import headings, rows
from results.stats.correlations import Correlations
from results.stats.estimates import LEVEL, Estimate

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
    studies = [side.study for side in report.comparison.sides]
    found = answers(report)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        title=heading([study.name for study in studies]),
        task=_task(studies),
        brackets=_brackets(report),
        overview=_overview(report),
        answers=found,
        accounting=accounting(found),
        intervals=INTERVALS,
        tables=tables(report),
        pictures=[
            Picture(caption, _embedded(figure)) for caption, figure in _figures(report, trials)
        ],
    )


def markdown(report: ComparisonReport) -> str:
    """Return the overview, the table of the re-runs and the verdicts as Markdown."""
    parts = [_grid(table) for table in (_overview(report), _reruns(report))]
    return "\n".join([*parts, *(f"{line}\n" for line in answers(report)[0].lines)])


def _grid(table: "Table") -> str:
    lines = [table.head, ("---",) * len(table.head), *table.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


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
    """Return the tables below the pictures; a table whose runs are missing is left out."""
    found = [
        _reruns(report),
        _hyperparameters(report),
        _costs(report),
        *(_agreements(report, each) for each in (report.one_shot, *report.signals)),
        _rankings(report),
        _crossed(report),
        *(_exchanged(pair) for pair in report.pairs),
    ]
    return [table for table in found if table is not None]


def _overview(report: ComparisonReport) -> Table:
    return Table(
        "The studies at a glance",
        overview_headings(report),
        tuple(overview_rows(report)),
        overview_note(report),
    )


def _reruns(report: ComparisonReport) -> Table:
    comparison = report.comparison
    title = "The incumbents re-run on fresh seeds"
    return Table(title, headings(comparison), tuple(rows(comparison)))


def _task(studies: Sequence[Study]) -> str:
    architecture, problem = studies[-1].architecture, studies[-1].problem
    variants = dict.fromkeys(study.search.variant for study in studies)
    return (
        f"{problem.name}, measurement noise {problem.noise:g}; {architecture.space} space, "
        f"operations {architecture.operations}; search {', '.join(variants)}"
    )


def _brackets(report: ComparisonReport) -> str:
    text = "Intervals in brackets are 95% intervals"
    if len(report.pairs) == 1:
        return text
    level = percent(report.comparison.level)
    return f"{text}, those of differences to the final study {level} intervals"


def _hyperparameters(report: ComparisonReport) -> Table:
    frame = incumbents_table([side.incumbent for side in report.comparison.sides])
    return Table(
        "The incumbents' hyperparameters",
        tuple(str(name) for name in frame.columns),
        tuple(tuple(_text(value) for value in row) for row in frame.itertuples(index=False)),
    )


def _costs(report: ComparisonReport) -> Table:
    in_db = all(side.signal.is_psnr for side in report.comparison.sides)
    unit = " (dB)" if in_db else ""
    return Table(
        "What each study had at the other's cost",
        (
            "study",
            "its cost (epochs × trials)",
            "its time on the workers (s)",
            "the other's cost (epochs × trials)",
            "best by then",
            f"observed{unit}",
            f"mean of re-runs{unit}",
        ),
        tuple(line for pair in report.pairs for line in _cost_rows(pair, in_db=in_db)),
        "Each score is the one that its study was tuned on. An observed score is the best of "
        "several on the same budget, so it is probably too good. A study that ended before is "
        "shown at its end: what it would have reached at a higher cost is unknown. An evaluation "
        "costs its epochs times its trials for the search, and what its objective trains after it. "
        "A crashed one has the cost of a finished one; a lost one costs nothing. The time on the "
        "workers is for information only.",
    )


def _cost_rows(pair: PairReport, *, in_db: bool) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = []
    for side, at in zip(pair.versus.sides, pair.at_the_others_cost, strict=True):
        found, signal = at.incumbent, side.signal
        mean = side.objective_mean if at.is_last else pair.equal_cost and pair.equal_cost.objective
        observed = "" if found is None else number(found.score, signal)
        rerun = interval(mean, signal) if mean else ""
        if not in_db:
            observed, rerun = (with_unit(text, signal) for text in (observed, rerun))
        lines.append(
            (
                side.study.name,
                f"{at.total:,}",
                f"{side.cost.seconds:,.0f}",
                f"{at.limit:,}{' (ended before)' if at.whole else ''}",
                "nothing yet" if found is None else f"{found.configuration}@{found.epochs}",
                "" if found is None else f"{observed}, the best of {at.scores}",
                "" if found is None else f"{rerun}, n = {mean.n}" if mean else "not re-run",
            )
        )
    return lines


def _agreements(report: ComparisonReport, found: StandIn) -> Table:
    lines = []
    if found.over_configurations is not None:
        name = report.comparison.reference.study.name
        what = f"configurations of {name} on its largest budget"
        lines.append(_correlated(what, found.over_configurations))
    for side, within in found.within:
        lines.append(_correlated(f"re-runs of the incumbent of {side.study.name}", within))
    note = "Only the trials of a final study have an architecture PSNR."
    if found.signal.direction < 0:
        note += " A low value is good, so it counts with the opposite sign."
    return Table(
        f"Correlation of {found.signal.label} and architecture PSNR",
        ("over", "Pearson", "Spearman", "Kendall", "n"),
        tuple(lines),
        note,
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
    found: dict[str, Summary] = {}
    for pair in report.pairs:
        if (crossed := pair.crossed) is not None:
            found[pair.versus.other.study.name] = crossed.other
            found[pair.versus.reference.study.name] = crossed.reference
    if not found:
        return None
    problem = next(pair.crossed.problem for pair in report.pairs if pair.crossed is not None)
    names = [side.study.name for side in report.comparison.sides]
    lines = [
        (
            name,
            f"{summary.best:.2f}",
            interval(summary.mean),
            interval(summary.median),
            str(summary.mean.n),
        )
        for name in names
        if (summary := found.get(name)) is not None
    ]
    return Table(
        f"The same incumbents on {problem}",
        ("incumbent of", "best (dB)", "mean (dB)", "median (dB)", "n"),
        tuple(lines),
    )


def _exchanged(pair: PairReport) -> Table | None:
    found, level = pair.exchange, pair.versus.level
    if found is None:
        return None
    one, two = (side.label.removesuffix(" study") for side in pair.versus.sides)
    return Table(
        "Architectures of one incumbent, trained with the param_* of the other"
        + ("" if level == LEVEL else f": {pair.versus.other.study.name}"),
        ("architectures of", f"param_* of {one} (dB)", f"param_* of {two} (dB)", "n"),
        (
            _exchange_row(one, found.other_other, found.other_final),
            _exchange_row(two, found.final_other, found.final_final),
        ),
        f"Main effect of the {two} study's architectures "
        f"{signed(found.architecture_effect, level)}, of its param_* "
        f"{signed(found.training_effect, level)}, interaction {signed(found.interaction, level)}.",
    )


def _exchange_row(what: str, other: Estimate, final: Estimate) -> tuple[str, ...]:
    return what, interval(other), interval(final), str(final.n)


def _text(value: object) -> str:
    return written(value) if isinstance(value, float | bool | str) else str(value)


def _figures(report: ComparisonReport, trials: Figure | None) -> list[tuple[str, Figure]]:
    figures = [
        (
            "Each point is a re-run of an incumbent: architecture PSNR against one-shot PSNR.",
            comparison_figure(report.comparison),
        ),
        (
            "By how much the incumbent of the final study is higher than each other.",
            differences_figure(report),
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
