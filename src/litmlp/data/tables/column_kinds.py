"""The kind of a table's columns: inferred from the values, or set by the user."""

import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

import polars as pl

from litmlp.data.samples import Column, Kind
from litmlp.data.tables.cell_errors import CellError
from litmlp.data.tables.dates import find_date_form, parse_times
from litmlp.data.tables.read_column import ReadColumn, Wording, read_column
from litmlp.data.tables.written_numbers import find_form, parse_numbers
from litmlp.errors import UserError, nearest

KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_CATEGORIES = 1000
"""A text column with more distinct values is free text or an identifier."""
MOST_DISTINCT = 0.5
"""So is a text column in which more than this fraction of the values is distinct."""
TEXTS = (pl.String, pl.Categorical, pl.Enum)
TIMES = (pl.Date, pl.Datetime, pl.Time, pl.Duration)


class TypedColumn(NamedTuple):
    """A feature or target: its description, values and remarks about its reading."""

    column: Column
    values: pl.Series
    notes: Sequence[str]


def read_feature(raw: pl.Series, kind: str | None, wording: Wording) -> TypedColumn:
    """Read a column, and find its kind (unless it is set) and its sorted categories."""
    read = read_column(raw, wording)
    if kind is None:
        found, notes = infer_kind(read)
    else:
        read, found, notes = *as_kind(read, kind, wording), []
    values, categories = read.values, []
    if found == "categorical":
        values = read.cleaned
        distinct = values.drop_nulls().unique().sort()
        categories = as_text(distinct).drop_nulls().to_list()
    column = Column(
        name=raw.name,
        kind=found,
        categories=categories,
        form="" if found == "categorical" else read.form,
        missing=wording.missing,
    )
    return TypedColumn(column, values, [*read.notes, *notes])


def cannot_be_feature(raw: pl.Series) -> bool:
    """Say whether a column is free text, an identifier, or of a type of no feature."""
    try:
        read_feature(raw, None, Wording())
    except UserError as error:
        return not isinstance(error, CellError)  # a value that can be corrected
    return False


def infer_kind(read: ReadColumn) -> tuple[Kind, list[str]]:
    """Infer a column's kind from its values; also return a remark about it."""
    values = read.values
    name, known = values.name, values.drop_nulls()
    if known.is_empty():
        return "numeric", []  # every value is imputed: the column is of no use
    if values.dtype.is_numeric():
        return "numeric", []
    if values.dtype == pl.Boolean:
        return "boolean", []
    if values.dtype in TIMES:
        return "datetime", []
    if not has_text(values.dtype):
        raise UserError(
            f"column {name} is {values.dtype}, which is no feature: leave it "
            f"out: {drop_override(name)}"
        )
    as_categories = f"take it as categories: {kind_override(name)}"
    if read.mixed and not read.has_few_values:
        raise CellError(
            read.mixed.column,
            read.mixed.row,
            f"{read.mixed.problem}: correct it, leave it empty, name it in "
            f"data.missing, or {as_categories}",
        )
    distinct = known.n_unique()
    is_text = values.dtype == pl.String and distinct > 20
    if distinct > MOST_CATEGORIES or (
        is_text and distinct > MOST_DISTINCT * len(known)
    ):
        raise UserError(
            f"column {name} is free text or an identifier ({distinct:,} "
            f"distinct values in {len(values):,} rows): leave it out: "
            f"{drop_override(name)}, or {as_categories}"
        )
    mixed = read.mixed
    return "categorical", [f"taken as categories: {mixed.problem}"] if mixed else []


def as_kind(read: ReadColumn, kind: str, wording: Wording) -> tuple[ReadColumn, Kind]:
    """Read a column as the kind that the user has set."""
    name, values = read.values.name, read.values
    override = kind_override(name, kind)
    if kind not in KINDS:
        raise UserError(f"{override}: no such kind. {nearest(kind, KINDS)}")
    if values.null_count() == len(values):
        return read, "numeric"
    if values.dtype == pl.String and kind in ("numeric", "datetime"):
        text = read.cleaned
        distinct = text.drop_nulls().unique(maintain_order=True)
        if kind == "datetime":
            found, parse = find_date_form(distinct, None), parse_times
        else:
            found, parse = find_form(distinct, wording.decimal_for(name)), parse_numbers
        values = parse(text, found.form)
        check_parsed(text, values, override)
        notes = [*read.notes, *[found.note] * bool(found.note)]
        read = read._replace(values=values, form=found.form, notes=notes)
    is_number = values.dtype.is_numeric()
    possible = {
        "numeric": is_number or values.dtype in (pl.Boolean, pl.Duration),
        "boolean": values.dtype == pl.Boolean
        or (is_number and ((values == 0) | (values == 1)).all()),
        "datetime": values.dtype in TIMES,
        "categorical": has_text(values.dtype),
    }
    if not possible[kind]:
        raise UserError(f"{override}: column {name} is {values.dtype}")
    is_span = values.dtype == pl.Duration and kind == "numeric"
    return read, "datetime" if is_span else kind


def check_parsed(text: pl.Series, values: pl.Series, expectation: str) -> None:
    """Raise a CellError for the first text that could not be parsed."""
    if values.null_count() > text.null_count():
        row = int((values.is_null() & text.is_not_null()).arg_true()[0])
        raise CellError(f"column {text.name}", row, f"{text[row]!r}, and {expectation}")


def has_text(kind: pl.DataType) -> bool:
    """Say whether each value of a type has a text, unlike lists and bytes."""
    return kind.is_numeric() or kind in (*TEXTS, *TIMES, pl.Boolean, pl.Null)


def as_text(values: pl.Series) -> pl.Series:
    """Text that names a category or class: ``1`` for both 1 and 1.0."""
    if values.dtype == pl.Duration:  # which polars does not write
        values = values.cast(pl.Int64)
    if not values.dtype.is_float():
        return values.cast(pl.String)
    values = values.fill_nan(None)
    whole = (values == values.round()) & (values.abs() < 2**53)
    digits = values.cast(pl.Int64, strict=False).cast(pl.String)
    return digits.zip_with(whole.fill_null(True), values.cast(pl.String))


def drop_override(name: str) -> str:
    r"""The override that leaves a column out, as a shell takes it.

    >>> drop_override("x, y")
    '\'data.drop=["x, y"]\''
    """
    return shlex.quote(f"data.drop=[{in_quotes(name)}]")


def kind_override(name: str, kind: str = "categorical") -> str:
    r"""The override that sets a column's kind, as a shell takes it.

    >>> kind_override("x, y")
    '\'data.kinds={categorical: ["x, y"]}\''
    """
    return shlex.quote(f"data.kinds={{{kind}: [{in_quotes(name)}]}}")


def in_quotes(name: str) -> str:
    r"""Return a name between double quotes, as Hydra reads it.

    >>> in_quotes('5" disk')
    '"5\\" disk"'
    """
    return '"' + name.replace('"', r"\"") + '"'


def kinds_by_name(kinds: Mapping[str, str | Sequence[str]] | None) -> dict[str, str]:
    """Return kinds by column: ``{zip: categorical}`` or ``{categorical: [zip]}``.

    A command line can quote names in a list, but not names that are keys.
    """
    found: dict[str, str] = {}
    for key, value in (kinds or {}).items():
        names = [str(key)] if isinstance(value, str) else map(str, value)
        found |= dict.fromkeys(names, value if isinstance(value, str) else key)
    return found
