"""Exports, read back."""

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from configspace.errors import DartboardError, StoreError
from configspace.hyperparameters import LABELS, Hyperparameters
from results.export import Format, What, export, table
from results.store.store import Store
from tests.results.made_up import filled, id_of, run, study

TABLES: tuple[What, ...] = ("evaluations", "trials", "curves")


@pytest.fixture
def two(url: str) -> str:
    """Return the URL of a store with two studies, one of them with a failure."""
    with Store.open(url) as store:
        filled(store, "blur-one-shot", "one-shot", seed=1, configurations=4)
        filled(store, "blur-final", seed=2, configurations=4, reruns=3)
        store.submit("blur-final", id_of(9), Hyperparameters(param_lr=5.04e-8), model_based=True)
        store.fail(
            "blur-final",
            id_of(9),
            state="crashed",
            failure=None,
            message="a | b & c_d 100%\nsecond line",
            worker="w1",
        )
    return url


def text_of(url: str, what: What, format: Format, *names: str) -> str:
    text = export(url, names or ("blur-final",), what=what, format=format)
    assert text is not None
    return text


def same(read: pd.DataFrame, wrote: pd.DataFrame) -> None:
    """Check that what was read back is what was written, up to types that text lacks."""
    for name in wrote.columns:
        if str(wrote[name].dtype).startswith("datetime"):
            read[name] = pd.to_datetime(read[name], utc=True, format="ISO8601").astype(
                wrote[name].dtype
            )
    pd.testing.assert_frame_equal(read.astype(wrote.dtypes), wrote, check_exact=True)


@pytest.mark.parametrize("what", TABLES)
def test_csv_reads_back_equal(two: str, what: What) -> None:
    text = text_of(two, what, "csv")
    same(
        pd.read_csv(io.StringIO(text)),
        table(two, ["blur-final"], what),
    )


@pytest.mark.parametrize("what", TABLES)
def test_json_reads_back_equal(two: str, what: What) -> None:
    wrote = table(two, ["blur-final"], what)
    same(pd.DataFrame(json.loads(text_of(two, what, "json")), columns=list(wrote.columns)), wrote)


@pytest.mark.parametrize("what", TABLES)
def test_parquet_reads_back_equal(two: str, what: What, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    assert export(two, ["blur-final"], what=what, format="parquet", output=path) is None
    same(pd.read_parquet(path), table(two, ["blur-final"], what))


def test_incumbents_as_json_keep_their_types_and_digits(two: str) -> None:
    with Store.open(two) as store:
        made = study("sharp")
        store.begin(made, {})
        run(store, made, id_of(0), Hyperparameters(param_weight_decay=5.0400000000000001e-8))
    rows = json.loads(text_of(two, "incumbents", "json", "sharp"))
    values = {row["Hyperparameter"]: row["sharp"] for row in rows}
    assert values["Param. weight decay"] == 5.0400000000000001e-8
    assert values["Param. warm up"] is False
    assert values["Alpha optimizer"] == "gradient_descent"


def test_incumbents_as_parquet_are_text(two: str, tmp_path: Path) -> None:
    path = tmp_path / "incumbents.parquet"
    export(two, ["blur-final"], what="incumbents", format="parquet", output=path)
    assert pd.read_parquet(path)["blur-final"].tolist()[:3] == ["0.004", "1e-08", "False"]


def test_incumbents_have_a_column_a_study_and_the_rows_of_table_7(two: str) -> None:
    lines = text_of(two, "incumbents", "markdown", "blur-one-shot", "blur-final").splitlines()
    assert lines[0] == "| Hyperparameter | Search range | blur-one-shot | blur-final |"
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]] == list(LABELS.values())
    assert lines[-1].endswith("| [Adam, Gradient Descent] | Gradient Descent | Gradient Descent |")


def test_latex_is_a_booktabs_table_of_the_same_rows(two: str) -> None:
    lines = text_of(two, "incumbents", "latex").splitlines()
    assert lines[:4] == [
        r"\begin{tabular}{lll}",
        r"\toprule",
        r"Hyperparameter & Search range & blur-final \\",
        r"\midrule",
    ]
    assert lines[4] == r"Param. learning rate & [1e-05, 1] & 0.004 \\"
    assert lines[-2:] == [r"\bottomrule", r"\end{tabular}"]
    assert len(lines) == 4 + len(LABELS) + 2


def test_markdown_has_a_line_a_row_whatever_a_message_holds(two: str) -> None:
    lines = text_of(two, "evaluations", "markdown").splitlines()
    assert len(lines) == 2 + len(table(two, ["blur-final"], "evaluations"))
    assert r"| a \| b & c_d 100% second line |" in lines[-1]


def test_latex_escapes_what_is_special_to_it(two: str) -> None:
    assert r"a | b \& c\_d 100\% second line" in text_of(two, "evaluations", "latex")


def test_several_studies_follow_one_another(two: str) -> None:
    names = table(two, ["blur-one-shot", "blur-final"], "trials")["study"]
    assert names.drop_duplicates().tolist() == ["blur-one-shot", "blur-final"]


def test_a_study_named_twice_is_written_once(two: str) -> None:
    once = text_of(two, "trials", "csv", "blur-final")
    assert text_of(two, "trials", "csv", "blur-final", "blur-final") == once


@pytest.mark.parametrize("format", ["csv", "json", "markdown", "latex"])
def test_a_file_holds_what_is_returned_otherwise(two: str, format: Format, tmp_path: Path) -> None:
    path = tmp_path / "table"
    export(two, ["blur-final"], what="trials", format=format, output=path)
    assert path.read_text() == text_of(two, "trials", format)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"format": "parquet"}, "a Parquet file is not text: name a file with -o FILE"),
        ({"format": "xlsx"}, "--format: wanted csv, .*, got 'xlsx'"),
        ({"what": "all"}, "--what: wanted incumbents, .*, got 'all'"),
        ({"output": Path("/no/such/folder/table.csv")}, "cannot write '/no/such/folder/table.csv'"),
    ],
)
def test_a_wrong_wish_is_one_clear_line(two: str, options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DartboardError, match=complaint) as caught:
        export(two, ["blur-final"], **{"what": "trials", "format": "csv", **options})
    assert "\n" not in str(caught.value)


def test_an_unknown_study_is_an_error(two: str) -> None:
    with pytest.raises(StoreError, match="no study 'blur'"):
        export(two, ["blur-final", "blur"], what="trials", format="csv")


def test_a_study_without_results_has_no_incumbent_to_export(url: str) -> None:
    with Store.open(url) as store:
        store.begin(study(), {})
    with pytest.raises(StoreError, match="has no incumbent"):
        export(url, ["blur-final"], what="incumbents", format="csv")
    assert len(text_of(url, "trials", "csv").splitlines()) == 1
