"""One column of a table: from the text or type of its file to numbers and times."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from litmlp.data.tables.cell_errors import CellError
from litmlp.data.tables.dates import (
    DURATION,
    ISO,
    describe_form,
    find_date_form,
    naive,
    parse_times,
)
from litmlp.data.tables.missing_words import count_words, without_missing
from litmlp.data.tables.written_numbers import (
    Form,
    find_form,
    has_main_unit,
    mark_of,
    may_have_thousands,
    parse_numbers,
)
from litmlp.errors import UserError

CLOCK = "%H:%M:%S%.f"
COMMAS = "1.234,5"
"""The form of numbers with decimal commas and points between the thousands."""
POINTS = """read as decimal points; if they separate thousands: 'data.decimal=","'"""
"""A remark about numbers that all have three digits behind their point."""
MIXED = 0.5
"""A column with more than this fraction of numbers (or times) should hold no text."""
FEW = 20
"""A column of at most so many distinct values may mix numbers with words."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """Settings of the user about the text of a table.

    Attributes:
        missing: words that stand for a missing value; None for the usual ones.
        decimal: one decimal mark, or one per column; None to find it.
        date_format: one format for all columns that it fits, or one per column.
        settled: form and remark, by column, where other columns show how to read it.
    """

    missing: Sequence[str] | None = None
    decimal: str | Mapping[str, str] | None = None
    date_format: str | Mapping[str, str] | None = None
    settled: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = self.decimal
        for mark in given.values() if isinstance(given, Mapping) else [given]:
            if mark not in (None, ".", ","):
                raise UserError(f"data.decimal={given}: must be . or , (or null)")

    def format_for(self, name: str) -> str | None:
        """Return the format of dates that is set for one column."""
        if isinstance(self.date_format, Mapping) and name in self.date_format:
            return self.date_format[name]
        form, _ = self.settled.get(name, ("", ""))
        return None if mark_of(form) else form or None

    def decimal_for(self, name: str) -> str | None:
        """Return the decimal mark of one column, None to find it."""
        form, _ = self.settled.get(name, ("", ""))
        given = self.decimal
        own = given.get(name) if isinstance(given, Mapping) else given
        return own or mark_of(form) or None


class ReadColumn(NamedTuple):
    """A column as it was read.

    Attributes:
        cleaned: as in the file, without outer spaces, null where a value is missing.
        values: numbers, booleans, times or text.
        form: how the numbers or times were written; see ``Column.form``.
        notes: remarks about the reading.
        mixed: the first value of a text column that is no number or time as most are.
        rivals: other forms, in which the same text means something else.
    """

    cleaned: pl.Series
    values: pl.Series
    form: str = ""
    notes: Sequence[str] = ()
    mixed: CellError | None = None
    rivals: Sequence[str] = ()

    @property
    def has_few_values(self) -> bool:
        """Whether the values repeat so often that they may be categories."""
        known = self.cleaned.drop_nulls()
        distinct = known.n_unique()
        return distinct <= FEW and 2 * distinct <= len(known)


def read_column(raw: pl.Series, wording: Wording) -> ReadColumn:
    """Find how a column is written, and read it."""
    cleaned = without_missing(raw, wording.missing)
    given = wording.format_for(raw.name)
    if given and cleaned.dtype.is_integer():
        cleaned = cleaned.cast(pl.String)  # as 20240131
    if cleaned.dtype != pl.String:
        read = read_typed(cleaned)
    elif cleaned.null_count() == len(cleaned):
        read = ReadColumn(cleaned, cleaned)
    else:
        read = read_text(cleaned, wording)
    if raw.name in wording.settled:
        _, reason = wording.settled[raw.name]
        read = read._replace(notes=[*read.notes, reason])
    if read.values.dtype != pl.String:
        return read  # of numbers, missing words are not worth a remark
    words = count_words(raw, cleaned)
    notes = [f"missing: {words}; data.missing=[] keeps them"] if words else []
    return read._replace(notes=[*notes, *read.notes])


def read_typed(values: pl.Series) -> ReadColumn:
    """Read a column whose file stores its type, in the types that others know."""
    kind = values.dtype
    if kind in (pl.Date, pl.Datetime):
        return ReadColumn(values, naive(values), ISO)
    if kind in (pl.Time, pl.Duration):
        form = CLOCK if kind == pl.Time else DURATION
        return ReadColumn(values, values, form, [describe_form(form)])
    if kind.is_decimal() or kind in (pl.Float16, pl.Int128, pl.UInt128):
        return ReadColumn(values, values.cast(pl.Float64))
    if kind.is_integer() and kind not in (pl.Int64, pl.UInt64):
        return ReadColumn(values, values.cast(pl.Int64))
    return ReadColumn(values, values)


def read_text(text: pl.Series, wording: Wording) -> ReadColumn:
    """Read text as numbers, booleans or times if all values are; else it stays text."""
    floats = text.cast(pl.Float64, strict=False)
    given = wording.format_for(text.name)
    is_plain = floats.null_count() == text.null_count()
    if is_plain and text.str.contains(r"^[-+]?0\d").any() and not given:
        return ReadColumn(text, text)  # codes, as 007
    decimal = wording.decimal_for(text.name)
    if is_plain and decimal != "," and not given:
        doubtful = decimal is None and may_have_thousands(text)
        return ReadColumn(
            text,
            as_integers(text, floats),
            notes=[POINTS] * doubtful,
            rivals=[COMMAS] * doubtful,
        )
    distinct = text.unique(maintain_order=True).drop_nulls()
    if distinct.str.to_lowercase().is_in(["true", "false"]).all():
        return ReadColumn(text, text.str.to_lowercase() == "true")
    times = times_form(distinct, wording)
    is_time = times.fraction == 1
    found = times if is_time else find_form(distinct, decimal)
    if found.fraction == 1:
        values = (parse_times if is_time else parse_numbers)(text, found.form)
        notes = [found.note] if found.note else []
        return ReadColumn(text, values, found.form, notes, rivals=found.rivals)
    if found.note:
        return ReadColumn(text, text, notes=[f"{found.note}: taken as text"])
    return ReadColumn(text, text, mixed=find_mistake(text, times.form))


def times_form(distinct: pl.Series, wording: Wording) -> Form:
    """Find the format of times: one that is set for the column or for the table."""
    own = wording.format_for(distinct.name)
    if isinstance(wording.date_format, str):
        found = find_date_form(distinct, wording.date_format)
        if found.fraction > MIXED:
            return found
    found = find_date_form(distinct, own)
    if own and found.fraction < 1:
        parsed = parse_times(distinct, own)
        wrong = distinct.filter(parsed.is_null())[0]
        raise UserError(
            f"column {distinct.name}: {wrong!r} is not of data.date_format={own}"
        )
    return found


def as_integers(text: pl.Series, floats: pl.Series) -> pl.Series:
    """Return integers where all numbers are written as integers; else the floats."""
    known = floats.drop_nulls()
    if not known.is_finite().all() or (known != known.round()).any():
        return floats
    integers = text.cast(pl.Int64, strict=False)
    return integers if integers.null_count() == text.null_count() else floats


def find_mistake(text: pl.Series, form: str) -> CellError | None:
    """Return the mistake of a column that mostly holds numbers or times, if it does."""
    known = text.is_not_null()
    fitting = {"numbers": has_main_unit(text)}
    if form:
        fitting["times"] = parse_times(text, form).is_not_null()
    for kind, fits in fitting.items():
        if int(fits.sum()) > MIXED * int(known.sum()):
            row = int((known & ~fits).arg_true()[0])
            problem = f"{text[row]!r} among {kind}"
            return CellError(f"column {text.name}", row, problem)
    return None
