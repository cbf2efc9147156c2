"""A table in memory as the data of a run: of polars, pandas or Arrow, or an array."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from litmlp.data.tables.read import report_polars_errors
from litmlp.data.tables.tabular import Name, Tabular


@dataclass(kw_only=True, eq=False)
class FrameData(Tabular):
    """A table in memory, whose columns mean what they would mean in a file.

    Args:
        frame: features, targets, and columns that say the split.

    The other arguments are those of :class:`~litmlp.data.tables.tabular.Tabular`.

    Raises:
        UserError: no such column, or a column that cannot be used.
    """

    frame: pl.DataFrame
    target: Name | Sequence[Name]

    @property
    def source(self) -> str:
        return "the table"

    def read(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        # Another table of the same columns, since loading it takes them out.
        return self.frame[list(self.frame.columns if columns is None else columns)]


def to_polars(table: Any) -> pl.DataFrame:
    """Return a table of pandas or Arrow, or an array [rows, columns], as polars.

    Columns of an array are called x0, x1, …. A pandas column of categories stays one,
    whatever the categories are.

    Raises:
        UserError: a name is there twice, or polars does not know a type of Arrow.
    """
    if isinstance(table, pl.DataFrame):
        return table
    with report_polars_errors("the table"):
        if hasattr(table, "iloc"):  # of pandas, whose own way to polars needs Arrow
            return pl.DataFrame([from_pandas(str(n), v) for n, v in table.items()])
        if hasattr(table, "__arrow_c_stream__"):
            return pl.DataFrame(table)
        array = np.asarray(table)
        if array.dtype.kind in "mM":  # nanoseconds would become whole numbers
            array = array.astype(f"{array.dtype.kind}8[us]")
        names = [f"x{i}" for i in range(array.shape[1])]
        if array.dtype.kind in "biuf":
            return pl.DataFrame(array, schema=names)
        columns = [list(map(without_nan, column)) for column in array.T.tolist()]
        return pl.DataFrame(
            [pl.Series(n, c, strict=False) for n, c in zip(names, columns, strict=True)]
        )


def from_pandas(name: str, values: Any) -> pl.Series:
    """Return a column of pandas; missing values are null, or NaN among numbers."""
    if hasattr(values, "cat"):
        texts = [str(category) for category in values.cat.categories]
        found = [None if code < 0 else texts[code] for code in values.cat.codes]
        return pl.Series(name, found, dtype=pl.Enum(texts))
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
        values = values.astype("datetime64[us]")  # polars has no datetime64[s]
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "biufM":
        return pl.Series(name, values.to_numpy())
    known = values.astype(object).where(values.notna(), None)
    return pl.Series(name, list(map(without_nan, known)), strict=False)


def without_nan(value: Any) -> Any:
    """Return a value of a column of objects, None for the NaN of a missing value."""
    return None if isinstance(value, float) and value != value else value
