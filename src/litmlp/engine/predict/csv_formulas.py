"""Tables that a spreadsheet shows, and does not run."""

import polars as pl
from polars import selectors as cs

FORMULA = r"^[=+\-@\t\r]"
"""How a cell begins that a spreadsheet takes for a formula."""


def as_csv(table: pl.DataFrame, *, safe: bool) -> pl.DataFrame:
    """The table as a CSV file is to hold it: ``safe_csv=true`` wants no formulas."""
    return without_formulas(table) if safe else table


def without_formulas(table: pl.DataFrame) -> pl.DataFrame:
    """The table with a ' before texts and names that would be run as formulas.

    What is a number stays as it is. See
    https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = cs.string()
    is_number = text.cast(pl.Float64, strict=False).is_not_null()
    runs = text.str.contains(FORMULA) & ~is_number
    quoted = text.str.replace("^", "'")
    table = table.with_columns(pl.when(runs).then(quoted).otherwise(text))
    starts = tuple("=+-@\t\r")
    return table.rename({n: f"'{n}" for n in table.columns if n.startswith(starts)})
