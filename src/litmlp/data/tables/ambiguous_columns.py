"""Columns with two readings, settled by columns of the same table that have one."""

import re
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from litmlp.data.tables.read_column import Wording, read_column
from litmlp.data.tables.written_numbers import SAMPLE, mark_of


def settle(table: pl.DataFrame, names: Sequence[str], wording: Wording) -> Wording:
    """Read a column with two readings as other columns of the table must be read.

    ``01/02/2020`` beside a column with ``25/02/2020`` has the day first, and ``1.234``
    beside one with ``1,5`` is 1234. The settings of the user come first.
    """
    reads = {}
    for column in (table[name] for name in dict.fromkeys(names)):
        sample = column.drop_nulls().head(SAMPLE)
        if column.dtype == pl.String and shows(sample, wording):
            reads[column.name] = read_column(column, wording)
    sure = {order_of(r.form): name for name, r in reads.items() if not r.rivals}
    settled = {}
    for name, read in reads.items():
        fitting = [rival for rival in read.rivals if order_of(rival) in sure]
        if fitting and order_of(read.form) not in sure:
            key = "data.decimal" if mark_of(fitting[0]) else "data.date_format"
            settled[name] = (
                fitting[0],
                f"read as {fitting[0]}, as column {sure[order_of(fitting[0])]} is; "
                f"{key} can set another per column",
            )
    return replace(wording, settled=settled)


def shows(sample: pl.Series, wording: Wording) -> bool:
    """Say whether values have two readings, or show how others must be read."""
    read = read_column(sample, wording)
    return bool(read.rivals or order_of(read.form))


def order_of(form: str) -> str:
    """Return what a form shows of others: its order of day and month, or its mark.

    >>> order_of("%d/%m/%Y"), order_of("$1,234.5"), order_of("1234,5")
    ('%d%m', '.', ',')
    """
    return "".join(re.findall("%[dm]", form)) or mark_of(form)
