"""Exports, by reading them again."""

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
from tests.results.made_up_campaign import filled_campaign

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
    """Check that a table reads back as written, except for types that text does not have."""
    for name in wrote.columns:
        if str(wrote[name].dtype).startswith("datetime"):
            read[name] = pd.to_datetime(read[name], utc=True, format="ISO8601").astype(
                wrote[name].dtype
            )
    pd.testing.assert_frame_equal(read.astype(wrote.dtypes), wrote, check_exact=True)


@pytest.mark.parametrize("what", TABLES)
def test_csv_reads_back_equal(two: str, what: What) -> None:
    wrote = table(two, ["blur-final"], what)
    floats = wrote.select_dtypes("float64").columns
    # Python reads every digit of a float; whether pandas does depends on its version.
    read = pd.read_csv(
        io.StringIO(text_of(two, what, "csv")),
        converters={str(name): lambda text: float(text or "nan") for name in floats},
    )
    same(read, wrote)


@pytest.mark.slow
@pytest.mark.parametrize("what", TABLES)
def test_json_reads_back_equal(two: str, what: What) -> None:
    wrote = table(two, ["blur-final"], what)
    same(pd.DataFrame(json.loads(text_of(two, what, "json")), columns=list(wrote.columns)), wrote)


@pytest.mark.parametrize("what", TABLES)
def test_parquet_reads_back_equal(two: str, what: What, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    assert export(two, ["blur-final"], what=what, format="parquet", output=path) is None
    same(pd.read_parquet(path), table(two, ["blur-final"], what))


def test_parquet_keeps_missing_text_missing(two: str, tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    export(two, ["blur-final"], what="evaluations", format="parquet", output=path)
    read = pd.read_parquet(path)
    assert read.loc[read["state"] == "finished", ["failure", "message"]].isna().all(axis=None)
    assert read.loc[read["state"] == "crashed", "message"].notna().all()


def test_json_incumbents_keep_types_and_digits(two: str) -> None:
    with Store.open(two) as store:
        made = study("sharp")
        store.begin(made, {})
        run(store, made, id_of(0), Hyperparameters(param_weight_decay=5.0400000000000001e-8))
    rows = json.loads(text_of(two, "incumbents", "json", "sharp"))
    values = {row["Hyperparameter"]: row["sharp"] for row in rows}
    assert values["Param. weight decay"] == 5.0400000000000001e-8
    assert values["Param. warm up"] is False
    assert values["Alpha optimizer"] == "gradient_descent"


def test_parquet_incumbents_are_text(two: str, tmp_path: Path) -> None:
    path = tmp_path / "incumbents.parquet"
    export(two, ["blur-final"], what="incumbents", format="parquet", output=path)
    assert pd.read_parquet(path)["blur-final"].tolist()[:3] == ["0.004", "1e-08", "False"]


def test_incumbents_have_one_column_per_study(two: str) -> None:
    lines = text_of(two, "incumbents", "markdown", "blur-one-shot", "blur-final").splitlines()
    assert lines[0] == "| Hyperparameter | Search range | blur-one-shot | blur-final |"


def test_incumbents_have_the_rows_of_table_7(two: str) -> None:
    lines = text_of(two, "incumbents", "markdown", "blur-one-shot", "blur-final").splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]] == list(LABELS.values())
    assert lines[-1].endswith("| [Adam, Gradient Descent] | Gradient Descent | Gradient Descent |")


def test_latex_is_a_booktabs_table(two: str) -> None:
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


def test_markdown_has_one_line_per_row(two: str) -> None:
    lines = text_of(two, "evaluations", "markdown").splitlines()
    assert len(lines) == 2 + len(table(two, ["blur-final"], "evaluations"))
    assert r"| a \| b & c_d 100% second line |" in lines[-1]


def test_latex_escapes_special_characters(two: str) -> None:
    assert r"a | b \& c\_d 100\% second line" in text_of(two, "evaluations", "latex")


def test_studies_are_in_the_given_order(two: str) -> None:
    names = table(two, ["blur-one-shot", "blur-final"], "trials")["study"]
    assert names.drop_duplicates().tolist() == ["blur-one-shot", "blur-final"]


def test_a_repeated_name_is_exported_once(two: str) -> None:
    once = text_of(two, "trials", "csv", "blur-final")
    assert text_of(two, "trials", "csv", "blur-final", "blur-final") == once


@pytest.mark.parametrize("format", ["csv", "json", "markdown", "latex"])
def test_a_file_contains_the_same_text(two: str, format: Format, tmp_path: Path) -> None:
    path = tmp_path / "table"
    export(two, ["blur-final"], what="trials", format=format, output=path)
    assert path.read_text() == text_of(two, "trials", format)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"format": "parquet"},
            "expected a file for the format parquet, .*; name one with -o FILE",
        ),
        ({"format": "xlsx"}, "--format: expected one of csv, .*, got 'xlsx'"),
        ({"what": "all"}, "--what: expected one of incumbents, .*, got 'all'"),
        ({"output": Path("/no/such/folder/table.csv")}, "cannot write '/no/such/folder/table.csv'"),
    ],
)
def test_a_wrong_option_is_one_line(two: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DartboardError, match=message) as caught:
        export(two, ["blur-final"], **{"what": "trials", "format": "csv", **options})
    assert "\n" not in str(caught.value)


def test_a_study_must_exist(two: str) -> None:
    with pytest.raises(StoreError, match="no study 'blur'"):
        export(two, ["blur-final", "blur"], what="trials", format="csv")


@pytest.fixture
def empty(url: str) -> str:
    """Return the URL of a store with a study without results."""
    with Store.open(url) as store:
        store.begin(study(), {})
    return url


def test_a_study_without_results_has_no_incumbent(empty: str) -> None:
    with pytest.raises(StoreError, match="has no incumbent"):
        export(empty, ["blur-final"], what="incumbents", format="csv")


def test_without_results_only_the_header_is_exported(empty: str) -> None:
    assert len(text_of(empty, "trials", "csv").splitlines()) == 1


@pytest.mark.parametrize("what", ["conditions", "candidates"])
def test_a_study_has_no_tables_of_campaigns(two: str, what: What) -> None:
    with pytest.raises(DartboardError, match=f"--what: .*curves for a study, got '{what}'"):
        export(two, ["blur-final"], what=what, format="csv")


@pytest.mark.parametrize("names", [["lost", "many"], ["blur-final", "many", "lost"]])
def test_a_missing_study_is_named_first(two: str, names: list[str]) -> None:
    with Store.open(two) as store:
        filled_campaign(store)
    with pytest.raises(StoreError, match=r"no study 'lost' in .*, and the campaigns 'many'"):
        export(two, names, what="trials", format="csv")


def test_studies_and_campaigns_are_not_mixed(two: str) -> None:
    with Store.open(two) as store:
        filled_campaign(store)
    with pytest.raises(DartboardError, match=r"only studies or only campaigns.*export 'many' sep"):
        export(two, ["blur-final", "many"], what="trials", format="csv")
