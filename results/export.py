"""Exports: incumbents, conditions, evaluations, trials, curves, for programs and papers."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from configspace.errors import DartboardError
from configspace.hyperparameters import written
from results.analysis.incumbent import incumbent_of, incumbents_table
from results.frames.campaign import load_campaign
from results.frames.study import load
from results.store.store import Store
from results.text import Grid, latex, markdown

What = Literal["incumbents", "evaluations", "trials", "curves", "conditions"]
Format = Literal["csv", "parquet", "json", "markdown", "latex"]


def export(
    url: str,
    names: Sequence[str],
    *,
    what: What,
    format: Format,
    output: Path | None = None,
) -> str | None:
    """Write what a store holds of one study or several, or of one campaign or several.

    Args:
        url: Where the store is, such as ``sqlite:///dartboard.db``.
        names: Studies or campaigns; incumbents have a column a study, in all else a row's first
            column names it.
        what: Which table.
        format: ``csv``, ``parquet`` and ``json`` keep every digit; ``markdown`` and ``latex`` are
            for reading, with six.
        output: The file to write; none: the text is returned.

    Returns:
        The text, or None if it was written to ``output``.

    Raises:
        StoreError: If the store cannot be read, lacks a study, or a study lacks an incumbent.
        DartboardError: If ``what`` or ``format`` is unknown, the format is Parquet and there is
            no file, or the file cannot be written.
    """
    for wanted, known, option in ((what, What, "--what"), (format, Format, "--format")):
        if wanted not in get_args(known):
            raise DartboardError(f"{option}: wanted {', '.join(get_args(known))}, got {wanted!r}")
    if format == "parquet" and output is None:
        raise DartboardError("a Parquet file is not text: name a file with -o FILE")
    content = _encoded(table(url, names, what), format)
    if output is None:
        return content.decode()
    try:
        output.write_bytes(content)
    except OSError as error:
        raise DartboardError(f"cannot write {str(output)!r}: {error.strerror}") from error
    return None


def table(url: str, names: Sequence[str], what: What) -> pd.DataFrame:
    """Return what `export` writes, as a frame.

    Raises:
        StoreError: As `export`.
        DartboardError: If studies and campaigns are mixed, or do not have what is wanted.
    """
    names = list(dict.fromkeys(names))
    with Store.open(url, create=False) as store:
        known = store.campaign_names()
    campaigns = [name for name in names if name in known]
    if campaigns and len(campaigns) < len(names):
        raise DartboardError(
            "studies and campaigns have different columns: export "
            f"{', '.join(repr(name) for name in campaigns)} apart from the studies"
        )
    owner, lacking = ("campaign", "incumbents") if campaigns else ("study", "conditions")
    if what == lacking:
        others = ", ".join(one for one in get_args(What) if one != lacking)
        raise DartboardError(f"--what: a {owner} has {others}, and no {lacking}")
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


def _encoded(frame: pd.DataFrame, format: Format) -> bytes:
    match format:
        case "csv":
            return frame.to_csv(index=False, lineterminator="\n").encode()
        case "json":
            return f"{json.dumps(_records(frame), indent=2, ensure_ascii=False)}\n".encode()
        case "parquet":
            buffer = io.BytesIO()
            # A column of a Parquet file has one type; the incumbents' mix numbers and words.
            mixed = {name: str for name in frame if frame[name].dtype == object}
            frame.astype(mixed).to_parquet(buffer, index=False)
            return buffer.getvalue()
        case "markdown":
            return markdown(_grid(frame)).encode()
        case "latex":
            return latex(_grid(frame)).encode()


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return a frame's rows as JSON's types; pandas' own writer rounds small numbers away."""
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
    """Write one value for reading; what is missing is a dash."""
    if pd.isna(value):  # type: ignore[call-overload]
        return "–"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    text = written(value) if isinstance(value, bool | float | str) else str(value)
    return " ".join(text.split())


def _numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
