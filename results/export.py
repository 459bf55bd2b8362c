"""Export of the tables of studies and campaigns, for programs and papers."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from configspace.errors import DartboardError
from configspace.hyperparameters import written
from configspace.whole_file import write_whole
from results.analysis.incumbent import incumbent_of, incumbents_table
from results.frames.campaign import load_campaign
from results.frames.study import load, text_column
from results.store.store import Store
from results.text import Grid, latex, markdown

What = Literal["incumbents", "evaluations", "trials", "curves", "conditions", "candidates"]
Format = Literal["csv", "parquet", "json", "markdown", "latex"]


def export(
    url: str,
    names: Sequence[str],
    *,
    what: What,
    format: Format,
    output: Path | None = None,
) -> str | None:
    """Export one table of studies or of campaigns.

    Args:
        url: URL of the store, such as ``sqlite:///dartboard.db``.
        names: Names of studies, or names of campaigns. The table of incumbents has one column per
            study; in all other tables, the first column is the name.
        what: Which table.
        format: ``csv``, ``parquet`` and ``json`` keep every digit; ``markdown`` and ``latex`` are
            for reading and keep six.
        output: File to write. Without one, the text is returned.

    Returns:
        The text, or None if it was written to ``output``.

    Raises:
        StoreError: If the store cannot be read, a study or campaign is missing, or a study has no
            incumbent.
        DartboardError: If ``what`` or ``format`` is unknown, the format is Parquet and ``output``
            is missing, the file cannot be written, or `table` raises it.
    """
    if format == "parquet" and output is None:
        raise DartboardError(
            "expected a file for the format parquet, which is not text",
            advice="name one with -o FILE",
        )
    content = exported(url, names, what=what, format=format)
    if output is None:
        return content.decode()
    try:
        write_whole(output, content)
    except OSError as error:
        raise DartboardError(
            f"cannot write {str(output)!r}: {error.strerror}", advice="choose another file"
        ) from error
    return None


def exported(url: str, names: Sequence[str], *, what: What, format: Format) -> bytes:
    """Return the content of the file that `export` writes, which is UTF-8 unless it is Parquet.

    Raises:
        StoreError: See `export`.
        DartboardError: See `export`.
    """
    for given, known, option in ((what, What, "--what"), (format, Format, "--format")):
        if given not in get_args(known):
            raise DartboardError(
                f"{option}: expected one of {', '.join(get_args(known))}, got {given!r}"
            )
    return encoded(table(url, names, what), format)


def table(url: str, names: Sequence[str], what: What) -> pd.DataFrame:
    """Return the table that `export` writes, as a frame.

    Raises:
        StoreError: See `export`.
        DartboardError: If ``names`` contains both studies and campaigns, or they have no such
            table.
    """
    names = list(dict.fromkeys(names))
    with Store.open(url, create=False) as store:
        known = store.campaign_names()
        campaigns = [name for name in names if name in known]
        if campaigns:
            for name in names:
                if name not in campaigns:
                    store.study(name)  # raises an error if there is no such study
    if campaigns and len(campaigns) < len(names):
        raise DartboardError(
            "expected only studies or only campaigns, got both, which have different columns",
            advice=f"export {', '.join(repr(name) for name in campaigns)} separately",
        )
    missing = ("incumbents",) if campaigns else ("conditions", "candidates")
    if what in missing:
        owner = "campaign" if campaigns else "study"
        others = ", ".join(one for one in get_args(What) if one not in missing)
        raise DartboardError(f"--what: expected one of {others} for a {owner}, got {what!r}")
    parts: list[pd.DataFrame]
    if campaigns:
        of_each = [load_campaign(url, name, with_curves=what == "curves") for name in campaigns]
        parts = [getattr(frames, what) for frames in of_each]
        return pd.concat(parts, ignore_index=True)
    studies = [load(url, name, with_curves=what == "curves") for name in names]
    if what == "incumbents":
        return incumbents_table([incumbent_of(frames) for frames in studies])
    parts = [getattr(frames, what) for frames in studies]
    return pd.concat(parts, ignore_index=True)


def encoded(frame: pd.DataFrame, format: Format) -> bytes:
    """Return a frame as the content of a file, which is UTF-8 unless it is Parquet."""
    match format:
        case "csv":
            return frame.to_csv(index=False, lineterminator="\n").encode()
        case "json":
            return f"{json.dumps(_records(frame), indent=2, ensure_ascii=False)}\n".encode()
        case "parquet":
            buffer = io.BytesIO()
            # A column of a Parquet file has one type; columns of incumbents mix numbers and text.
            mixed = {
                str(name): text_column(frame[name]) for name in frame if frame[name].dtype == object
            }
            frame.assign(**mixed).to_parquet(buffer, index=False)
            return buffer.getvalue()
        case "markdown":
            return markdown(_grid(frame)).encode()
        case "latex":
            return latex(_grid(frame)).encode()


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a frame with JSON types; pandas' writer would round small numbers to 0."""
    return [
        {
            str(name): None
            if pd.isna(value)
            else value.isoformat()
            if isinstance(value, pd.Timestamp)
            else value
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]


def _grid(frame: pd.DataFrame) -> Grid:
    return Grid(
        headings=tuple(str(name) for name in frame.columns),
        rows=tuple(_cells(frame)),
        numeric=tuple(_numeric(frame[name]) for name in frame.columns),
    )


def _cells(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    columns = [[_cell(value) for value in frame[name].tolist()] for name in frame.columns]
    return list(zip(*columns, strict=True))


def _cell(value: object) -> str:
    """Return one value as text for reading; a missing value is a dash."""
    if pd.isna(value):  # type: ignore[call-overload]
        return "–"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    text = written(value) if isinstance(value, bool | float | str) else str(value)
    return " ".join(text.split())


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
