"""The kind of a table's columns: inferred from the values, or set by the user."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import get_args

import polars as pl

from litmlp.data.samples import Column, Kind
from litmlp.errors import UserError, nearest

KINDS: tuple[Kind, ...] = get_args(Kind)
FIRST_LINE = 2
"""The line of a file's first row, below the header."""
MOST_CATEGORIES = 1000
"""A text column with more distinct values is free text or an identifier."""
MOST_DISTINCT = 0.5
"""So is a text column in which more than this fraction of the values is distinct."""
MIXED = 0.5
"""A column with more than this fraction of numbers (or times) must hold no text."""


def describe_columns(
    table: pl.DataFrame, kinds: Mapping[str, str] | None = None
) -> list[Column]:
    """Find the kind of each column, and the categories in sorted order.

    Args:
        kinds: kinds that the user has set; the others are inferred from the values.

    Raises:
        UserError: a column is no feature, or not of the kind that is set.
    """
    columns = []
    for values in table:
        kind = (kinds or {}).get(values.name)
        found = infer_kind(values) if kind is None else check_kind(values, kind)
        categories = []
        if found == "categorical":
            distinct = values.drop_nulls().unique().sort()
            categories = as_text(distinct).drop_nulls().to_list()
        columns.append(Column(name=values.name, kind=found, categories=categories))
    return columns


def infer_kind(column: pl.Series) -> Kind:
    """Infer a column's kind from its type and values.

    Raises:
        UserError: free text, numbers mixed with text, or a type that is no feature.
    """
    if column.null_count() == len(column):
        return "numeric"  # every value is imputed: the column is of no use
    as_categories = f"take it as categories: {kind_override(column.name)}"
    column = parse_text(column, as_categories)
    if column.dtype.is_numeric():
        return "numeric"
    if column.dtype == pl.Boolean:
        return "boolean"
    if column.dtype in (pl.Date, pl.Datetime):
        return "datetime"
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum):
        raise UserError(
            f"column {column.name} is {column.dtype}, which is no feature: leave it "
            f"out: {drop_override(column.name)}"
        )
    distinct = column.drop_nulls().n_unique()
    is_text = column.dtype == pl.String and distinct > 20
    most = MOST_DISTINCT * (len(column) - column.null_count())
    if distinct > MOST_CATEGORIES or (is_text and distinct > most):
        raise UserError(
            f"column {column.name} is free text or an identifier ({distinct:,} "
            f"distinct values in {len(column):,} rows): leave it out: "
            f"{drop_override(column.name)}, or {as_categories}"
        )
    return "categorical"


def check_kind(column: pl.Series, kind: str) -> Kind:
    """Return the kind that the user has set, if the column can be of it.

    Raises:
        UserError: there is no such kind, or the column cannot be of it.
    """
    override = kind_override(column.name, kind)
    if kind not in KINDS:
        raise UserError(f"{override}: no such kind. {nearest(kind, KINDS)}")
    if column.null_count() == len(column):
        return "numeric"
    if column.dtype == pl.String and kind in ("numeric", "datetime"):
        column = parse_as(column, kind, override)
    is_bits = column.dtype.is_numeric() and ((column == 0) | (column == 1)).all()
    possible: dict[Kind, bool] = {
        "numeric": column.dtype.is_numeric() or column.dtype == pl.Boolean,
        "boolean": column.dtype == pl.Boolean or is_bits,
        "datetime": column.dtype in (pl.Date, pl.Datetime),
        "categorical": not column.dtype.is_nested() and column.dtype != pl.Binary,
    }
    if not possible[kind]:
        raise UserError(f"{override}: column {column.name} is {column.dtype}")
    return kind


def parse_text(column: pl.Series, advice: str | None) -> pl.Series:
    """Parse text whose values are all numbers, or all times; return others unchanged.

    Args:
        advice: what a user can do who means text; None leaves mixed values as text.

    Raises:
        UserError: most values are numbers (or times) and some are not.
    """
    known = column.drop_nulls()
    if column.dtype != pl.String or known.is_empty():
        return column
    for kind, parse in (("numbers", as_floats), ("times", as_times)):
        values = parse(known)
        fraction = 1 - values.null_count() / len(known)
        is_code = kind == "numbers" and known.str.contains(r"^\s*0\d").any()  # as 007
        if fraction == 1 and not is_code:
            return parse(column)
        if MIXED < fraction < 1 and advice is not None:
            line, value = first_unparsed(column, parse(column), FIRST_LINE)
            raise UserError(
                f"column {column.name}, line {line}: {value!r} among {kind}: correct "
                f"it, leave it empty, or {advice}"
            )
    return column


def parse_as(
    text: pl.Series, kind: Kind, expectation: str, first_line: int = FIRST_LINE
) -> pl.Series:
    """Parse text as numbers (true and false are 1 and 0) or as times.

    Raises:
        UserError: a value cannot be parsed.
    """
    values = as_times(text) if kind == "datetime" else as_floats(text)
    if values.null_count() > text.null_count():
        line, value = first_unparsed(text, values, first_line)
        raise UserError(
            f"column {text.name}, line {line}: {value!r}, and {expectation}"
        )
    return values


def first_unparsed(
    text: pl.Series, values: pl.Series, first_line: int
) -> tuple[int, str]:
    """Find the line and the text of the first value that could not be parsed."""
    row = int((values.is_null() & text.is_not_null()).arg_true()[0])
    return first_line + row, text[row]


def as_floats(text: pl.Series) -> pl.Series:
    """Parse numbers, true and false as 1 and 0; null for other text."""
    bare = text.str.strip_chars().replace({"true": "1", "false": "0"})
    return bare.cast(pl.Float64, strict=False)


def as_times(text: pl.Series) -> pl.Series:
    """Parse times; null for other text."""
    try:
        return text.str.to_datetime(strict=False)
    except pl.exceptions.PolarsError:  # no value has a known format
        return pl.repeat(None, len(text), dtype=pl.Datetime, eager=True)


def as_text(values: pl.Series) -> pl.Series:
    """Text that names a category or class: ``1`` for both 1 and 1.0."""
    if not values.dtype.is_float():
        return values.cast(pl.String)
    values = values.fill_nan(None)
    whole = (values == values.round()) & (values.abs() < 2**53)
    digits = values.cast(pl.Int64, strict=False).cast(pl.String)
    return digits.zip_with(whole.fill_null(True), values.cast(pl.String))


def drop_override(name: str) -> str:
    """The override that leaves a column out, as a shell takes it.

    >>> drop_override("id"), drop_override("x, y")
    ('data.drop=[id]', '\'data.drop=["x, y"]\'')
    """
    return f"data.drop=[{name}]" if is_plain(name) else in_shell("data.drop", name)


def kind_override(name: str, kind: str = "categorical") -> str:
    """The override that sets a column's kind, as a shell takes it.

    >>> kind_override("zip"), kind_override("x, y")
    ("'data.kinds={zip: categorical}'", '\'data.kinds={categorical: ["x, y"]}\'')
    """
    if is_plain(name):
        return f"'data.kinds={{{name}: {kind}}}'"
    return in_shell(f"data.kinds={{{kind}: ", name, "}")


def kinds_by_name(kinds: Mapping[str, str | Sequence[str]] | None) -> dict[str, str]:
    """Return kinds by column: ``{zip: categorical}`` or ``{categorical: [zip]}``.

    A command line can quote names in a list, but not names that are keys.
    """
    found: dict[str, str] = {}
    for key, value in (kinds or {}).items():
        names = [str(key)] if isinstance(value, str) else map(str, value)
        found |= dict.fromkeys(names, value if isinstance(value, str) else key)
    return found


def is_plain(name: str) -> bool:
    """Say whether Hydra's grammar reads an unquoted name as this text."""
    is_word = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)
    return bool(is_word) and name.lower() not in ("null", "true", "false", "nan", "inf")


def in_shell(before: str, name: str, after: str = "") -> str:
    """Return an override with a quoted name in a list, as a shell takes it."""
    start = f"{before}[" if before.endswith(" ") else f"{before}=["
    text = re.sub(r'(\\*)"', r'\1\1\\"', name)
    text = re.sub(r"(\\*)\$\{", r"\1\1\\${", text)
    text = re.sub(r"(\\*)$", r"\1\1", text, count=1)
    return shlex.quote(f'{start}"{text}"]{after}')
