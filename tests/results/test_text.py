"""Tables of text, in each of their forms."""

from results.text import Grid, escaped, latex, markdown, text

GRID = Grid(
    headings=("Method", "PSNR"),
    rows=(("DARTS", "21.56"), ("Nets only", "−1.5")),
    numeric=(False, True),
)


def test_a_terminals_columns_stand_below_each_other_numbers_at_the_right() -> None:
    assert text(GRID).splitlines() == [
        "Method      PSNR",
        "─────────  ─────",
        "DARTS      21.56",
        "Nets only   −1.5",
    ]


def test_markdown_aligns_numbers_at_the_right_and_keeps_bars_within_cells() -> None:
    assert markdown(GRID).splitlines()[:2] == ["| Method | PSNR |", "| --- | --: |"]
    assert r"| a\|b |" in markdown(Grid(("x",), (("a|b",),), (False,)))


def test_latex_has_booktabs_rules_and_escapes_what_it_must() -> None:
    lines = latex(GRID).splitlines()
    assert lines[:4] == [r"\begin{tabular}{lr}", r"\toprule", r"Method & PSNR \\", r"\midrule"]
    assert lines[-3:] == [r"Nets only & $-$1.5 \\", r"\bottomrule", r"\end{tabular}"]
    assert escaped("50% a_b") == r"50\% a\_b"


def test_a_table_without_rows_still_has_its_head() -> None:
    empty = Grid(("A", "B"), (), (False, True))
    assert text(empty).splitlines() == ["A  B", "─  ─"]
    assert markdown(empty) == "| A | B |\n| --- | --: |\n"
