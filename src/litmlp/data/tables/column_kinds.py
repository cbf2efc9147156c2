"""What a column holds: told from its values, or said by the user."""

from typing import get_args

import polars as pl

from litmlp.data.samples import Kind
from litmlp.errors import UserError, nearest

KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_CATEGORIES = 1000
"""A text column with more distinct values is free text, or an identifier."""
MOST_TEXT_CLASSES = 0.5
"""Likewise one in which more than this share of the values is distinct."""
MIXED = 0.5
"""A text column with more than this share of numbers (or times) is meant to be all."""


def kind_of(column: pl.Series) -> Kind:
    """What a column holds, told from its type and values.

    Raises:
        UserError: free text, numbers with some text among them, or no feature at all.
    """
    if column.null_count() == len(column):
        return "numeric"  # it will be imputed, and is of no use
    as_categories = f"take it as categories by {saying(column.name, 'categorical')}"
    column = recognized(column, as_categories)
    if column.dtype.is_numeric():
        return "numeric"
    if column.dtype == pl.Boolean:
        return "boolean"
    if column.dtype in (pl.Date, pl.Datetime):
        return "datetime"
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        distinct = column.drop_nulls().n_unique()
        share = distinct / max(1, len(column) - column.null_count())
        unlike = column.dtype == pl.String and distinct > 20
        if distinct > MOST_CATEGORIES or (unlike and share > MOST_TEXT_CLASSES):
            raise UserError(
                f"column {column.name} is free text or an identifier ({distinct:,} "
                f"distinct values in {len(column):,} rows): leave it out by "
                f"{dropping(column.name)}, or {as_categories}"
            )
        return "categorical"
    raise UserError(
        f"column {column.name} is {column.dtype}, which is no feature: leave it out by "
        f"{dropping(column.name)}"
    )


def check_kind(column: pl.Series, kind: str) -> Kind:
    """The kind that the user says, if the column can be of it.

    Raises:
        UserError: there is no such kind, or the column cannot be of it.
    """
    said = saying(column.name, kind)
    if kind not in KINDS:
        raise UserError(f"{said}: no such kind. {nearest(kind, KINDS)}")
    if column.null_count() == len(column):
        return "numeric"
    if column.dtype == pl.String and kind in ("numeric", "datetime"):
        column = read_text(column, kind, said)
    bits = column.dtype.is_numeric() and ((column == 0) | (column == 1)).all()
    possible: dict[Kind, bool] = {
        "numeric": column.dtype.is_numeric() or column.dtype == pl.Boolean,
        "boolean": column.dtype == pl.Boolean or bits,
        "datetime": column.dtype in (pl.Date, pl.Datetime),
        "categorical": not column.dtype.is_nested() and column.dtype != pl.Binary,
    }
    if not possible[kind]:
        raise UserError(f"{said}: column {column.name} is {column.dtype}")
    return kind


def recognized(column: pl.Series, otherwise: str | None) -> pl.Series:
    """Numbers or times that are stored as text as what they are; others unchanged.

    Args:
        otherwise: what a user can do who means text; None takes what is mixed as text.

    Raises:
        UserError: most values are numbers (or times) and some are not.
    """
    known = column.drop_nulls()
    if column.dtype != pl.String or known.is_empty():
        return column
    for kind, read in (("numbers", as_floats), ("times", as_times)):
        values = read(known)
        share = 1 - values.null_count() / len(known)
        if share == 1 and not (kind == "numbers" and has_leading_zeros(known)):
            return read(column)
        if MIXED < share < 1 and otherwise is not None:
            line, value = first_unread(column, read(column))
            raise UserError(
                f"column {column.name}, line {line}: {value!r} among {kind}: correct "
                f"it, leave it empty, or {otherwise}"
            )
    return column


def read_text(
    text: pl.Series, kind: Kind, expectation: str, first_line: int = 2
) -> pl.Series:
    """Numbers, truths or times that are stored as text.

    Raises:
        UserError: one of them is none.
    """
    values = as_times(text) if kind == "datetime" else as_floats(text)
    if values.null_count() > text.null_count():
        line, value = first_unread(text, values, first_line)
        raise UserError(
            f"column {text.name}, line {line}: {value!r}, and {expectation}"
        )
    return values


def first_unread(
    text: pl.Series, values: pl.Series, first_line: int = 2
) -> tuple[int, str]:
    """The line and the value of the first text that could not be read."""
    row = int((values.is_null() & text.is_not_null()).arg_true()[0])
    return first_line + row, text[row]


def as_floats(text: pl.Series) -> pl.Series:
    """Text as numbers, true and false as 1 and 0; null where it is neither."""
    bare = text.str.strip_chars().replace({"true": "1", "false": "0"})
    return bare.cast(pl.Float64, strict=False)


def as_times(text: pl.Series) -> pl.Series:
    """Text as times, null where it is none."""
    try:
        return text.str.to_datetime(strict=False)
    except pl.exceptions.PolarsError:  # no value is like any known format
        return pl.repeat(None, len(text), dtype=pl.Datetime, eager=True)


def as_text(values: pl.Series) -> pl.Series:
    """Values as the text that names a category or class: 1 and 1.0 alike are ``1``."""
    if not values.dtype.is_float():
        return values.cast(pl.String)
    values = values.fill_nan(None)
    whole = (values == values.round()) & (values.abs() < 2**53)
    digits = values.cast(pl.Int64, strict=False).cast(pl.String)
    return digits.zip_with(whole.fill_null(True), values.cast(pl.String))


def has_leading_zeros(text: pl.Series) -> bool:
    """Whether digits are a code, such as 007, rather than a number."""
    return bool(text.str.contains(r"^\s*0\d").any())


def dropping(name: str) -> str:
    """What a user types to leave a column out.

    >>> dropping("id")
    'data.drop=[id]'
    """
    return f"data.drop=[{name}]" if name.isidentifier() else f"'data.drop=[\"{name}\"]'"


def saying(name: str, kind: str) -> str:
    """What a user types to say a column's kind."""
    return f"'data.kinds={{{name}: {kind}}}'"
