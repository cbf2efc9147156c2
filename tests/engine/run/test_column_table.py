"""The console shows the first and the remarkable columns of a wide table."""

from litmlp.data.samples import ColumnFacts
from litmlp.engine.run.column_table import MOST_SHOWN, shortened


def facts(name: str, kind: str = "numeric", note: str = "") -> ColumnFacts:
    return ColumnFacts(name, kind, 2, 0, note)


def test_a_wide_table_is_cut_to_first_noted_and_target_columns() -> None:
    names = [f"x{i}" for i in range(3000)]
    report = [facts(n, note="constant" if n == "x2000" else "") for n in names]
    shown = [row.column for row in shortened([*report, facts("y", "target")])]
    assert len(shown) == MOST_SHOWN
    assert shown[:3] == ["x0", "x1", "x2"]
    assert shown[-2:] == ["x2000", "y"]


def test_a_narrow_table_is_shown_as_a_whole() -> None:
    report = [facts("x"), facts("y", "target")]
    assert shortened(report) == report
