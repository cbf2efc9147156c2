"""The table of a data set's columns on the console, of a length that one can read."""

from collections.abc import Sequence

from litmlp.data.data_module import Data
from litmlp.data.samples import ColumnFacts
from litmlp.engine.terminal.console import show, table

MOST_SHOWN = 25
"""Columns that the console shows."""


def show_columns(data: Data) -> None:
    """Show the kind, values and oddities of each column, if the data report them."""
    report = data.samples.column_report
    if not report:
        return
    shown = table("column", "kind", "distinct", "missing", "note")
    rows = shortened(report)
    for name, kind, distinct, missing, note in rows:
        shown.add_row(name, kind, f"{distinct:,}", f"{missing:,}", note)
    show(shown)
    if more := len(report) - len(rows):
        show(f"… and {more:,} more columns: in TensorBoard's text tab, data")


def shortened(report: Sequence[ColumnFacts]) -> list[ColumnFacts]:
    """Return the first columns, the targets and columns with a note, in order."""
    if len(report) <= MOST_SHOWN:
        return list(report)
    last = [i for i, facts in enumerate(report) if facts.kind in ("target", "time")]
    noted = [i for i, facts in enumerate(report) if facts.note and i not in last]
    chosen = dict.fromkeys([*last[:5], *noted[: MOST_SHOWN - 10], *range(len(report))])
    return [report[i] for i in sorted(list(chosen)[:MOST_SHOWN])]
