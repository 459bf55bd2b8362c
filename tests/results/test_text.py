"""Text of tables in each format."""

from results.text import Grid, escaped, latex, markdown, text

GRID = Grid(
    headings=("Method", "PSNR"),
    rows=(("DARTS", "21.56"), ("Nets only", "−1.5")),
    numeric=(False, True),
)


def test_terminal_columns_are_aligned() -> None:
    assert text(GRID).splitlines() == [
        "Method      PSNR",
        "─────────  ─────",
        "DARTS      21.56",
        "Nets only   −1.5",
    ]


def test_markdown_aligns_numbers_to_the_right() -> None:
    assert markdown(GRID).splitlines()[:2] == ["| Method | PSNR |", "| --- | --: |"]


def test_markdown_escapes_vertical_bars() -> None:
    assert r"| a\|b |" in markdown(Grid(("x",), (("a|b",),), (False,)))


def test_latex_has_booktabs_rules() -> None:
    lines = latex(GRID).splitlines()
    assert lines[:4] == [r"\begin{tabular}{lr}", r"\toprule", r"Method & PSNR \\", r"\midrule"]
    assert lines[-3:] == [r"Nets only & $-$1.5 \\", r"\bottomrule", r"\end{tabular}"]


def test_latex_escapes_special_characters() -> None:
    assert escaped("50% a_b") == r"50\% a\_b"


def test_a_table_without_rows_has_a_header() -> None:
    empty = Grid(("A", "B"), (), (False, True))
    assert text(empty).splitlines() == ["A  B", "─  ─"]
    assert markdown(empty) == "| A | B |\n| --- | --: |\n"
