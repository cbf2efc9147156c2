"""Dates and times of day as people write them, and durations of a file that has types.

The form of a column is a format such as ``%d/%m/%Y``, ``ISO`` for year-month-day in any
precision, or ``duration``, which no text is read as.
"""

import re
from collections.abc import Sequence
from functools import cache

import polars as pl

from litmlp.data.tables.written_numbers import Form
from litmlp.errors import UserError

ISO, DURATION = "ISO", "duration"
ORDERS = (
    *("%Y-%m-%d", "%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d"),
    *("%d-%B-%Y", "%d-%B-%y", "%Y-%B-%d", "%Y-%m", "%B-%Y", "%B-%y", "%Y-%B"),
)
DAYS = (
    *(order.replace("-", mark) for mark in "-/. " for order in ORDERS),
    *("%m-%Y", "%m/%Y", "%B %d, %Y", "%B %d %Y", "%B, %Y"),
    *("%A, %d %B %Y", "%A, %B %d, %Y"),
)
"""Formats of dates."""
CLOCKS = ("%H:%M", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S%.f %p")
"""Formats of times of day."""
ENDS = (
    *("", " %H:%M%#z", " %H:%M:%S%.f%#z"),
    *(f"{mark}{clock}" for mark in (" ", ", ", "T") for clock in CLOCKS),
)
"""Ends of formats: a date alone, or a time of day after it."""
PARTS = {
    "%y": r"\d\d(?!\W\d+\W\d\b)",  # unlike a version, such as 10.2.1
    **{"%Y": r"\d{4}", "%M": r"\d\d", "%S": r"\d\d"},
    **{"%B": r"[^\W\d]{3,}", "%A": r"[^\W\d]{3,}", " %p": " ?[AaPp][Mm]"},
    **{"%.f": r"(\.\d+)?", "%#z": r" ?(Z|UTC|GMT|[+-]\d\d:?\d\d)", ".": r"\."},
}
"""Patterns of parts of a format; the other numbers have one digit or two."""
ISO_FORMATS = (
    "%Y-%m-%d",
    *(
        f"%Y-%m-%d {time}{zone}"
        for time in ("%H:%M:%S%.f", "%H:%M")
        for zone in ("", "%#z")
    ),
)
ABBREVIATED = r"(?i)\b([a-z]{3})(?:t\b\.?|\.)"
"""``Sept`` and ``Oct.``, which Rust's parser knows as Sep and Oct."""
FIRST_YEAR = 1000
"""The first year that is read: the parser takes the text ``19`` for ``%Y``, too."""
SAMPLE = 100
"""Distinct values that suggest the formats."""


def formats_of(value: str) -> list[str]:
    """Return the formats that one value may have.

    >>> formats_of("3/4/2024 3:05 PM")
    ['%d/%m/%Y %I:%M %p', '%m/%d/%Y %I:%M %p']
    """
    if re.match(r"\d{4}-\d{1,2}-\d{1,2}(?!\d)", value):
        return [ISO]
    found = [clock for clock in CLOCKS if pattern_of(clock).fullmatch(value)]
    for day in DAYS:
        if begun := pattern_of(day).match(value):
            ends = (e for e in ENDS if pattern_of(e).fullmatch(value, begun.end()))
            found += [f"{day}{end}" for end in ends]
    return found


@cache
def pattern_of(form: str) -> re.Pattern[str]:
    """Return the pattern of text that may be of a format, or of a part of one."""
    return re.compile(
        re.sub(r" %p|%[.#]?\w|\.", lambda part: PARTS.get(part[0], r"\d\d?"), form)
    )


def is_clock(form: str) -> bool:
    """Say whether a form is of times without a date."""
    return form not in ("", ISO, DURATION) and not re.search("%[YymBbdj]", form)


def parse_times(text: pl.Series, form: str) -> pl.Series:
    """Parse dates or times of day of a form; null for other text."""
    form = form or ISO  # of a run of 0.1.0
    try:
        if is_clock(form):
            return text.str.to_time(form, strict=False)
        return parse_dates(text, form)
    except pl.exceptions.PolarsError as error:
        raise UserError(
            f"data.date_format={form} is no format: days, months and years are "
            "%d, %m and %Y"
        ) from error


def parse_dates(text: pl.Series, form: str) -> pl.Series:
    """Parse dates of a form as times in UTC, in microseconds."""
    if "%#z" in form or form == ISO:
        text = text.str.replace(" ?(UTC|GMT)$", "Z")
    if "%B" in form:
        text = text.str.replace(ABBREVIATED, "$1")
    if form == ISO:
        text = text.str.replace(r"^(\d{4}-\d{1,2}-\d{1,2})T", "${1} ")
        parsed = [naive(text.str.to_datetime(f, strict=False)) for f in ISO_FORMATS]
        return pl.select(pl.coalesce(*parsed)).to_series().alias(text.name)
    if not re.search("%[dje]", form):  # a month needs a day
        text, form = ("1 " + text).alias(text.name), f"%d {form}"
    times = naive(text.str.to_datetime(form, strict=False))
    return times.set(times.dt.year() < FIRST_YEAR, None)


def naive(times: pl.Series) -> pl.Series:
    """Times in UTC without a zone, in microseconds."""
    if getattr(times.dtype, "time_zone", None):
        times = times.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return times.cast(pl.Datetime("us"))


def in_days(times: pl.Series) -> pl.Series:
    """Days since 1970 of dates; times of day and durations as fractions of days."""
    if times.dtype == pl.Time:
        return times.cast(pl.Int64) / 86_400e9
    if times.dtype == pl.Duration:
        return times.cast(pl.Duration("us")).cast(pl.Int64) / 86_400e6
    return naive(times).dt.timestamp("us") / 86_400e6


def find_date_form(text: pl.Series, given: str | None) -> Form:
    """Find the format that fits most distinct values, empty if none fits a value.

    A format that the user has given is tried alone.
    """
    sample = text.head(SAMPLE).str.replace(ABBREVIATED, "$1")
    formats = [given] if given else [f for value in sample for f in formats_of(value)]
    times = {form: parse_times(text, form) for form in dict.fromkeys(formats)}
    fits = {form: 1 - read.null_count() / len(text) for form, read in times.items()}
    form = max(fits, key=lambda form: fits[form], default="")
    if not form or not fits[form]:
        return Form("", fraction=0.0)
    rivals = [
        other
        for other, read in times.items()
        if fits[other] == fits[form]
        and read.dtype == times[form].dtype == pl.Datetime
        and (read != times[form]).any()
    ]
    note = "" if given else describe_form(form, rivals)
    return Form(form, note, rivals, fits[form])


def describe_form(form: str, rivals: Sequence[str] = ()) -> str:
    """Say how times are read, unless they are dates that can be read in one way."""
    if is_clock(form):
        return "times of day, as fractions of a day"
    if form == DURATION:
        return "durations, in days"
    notes = []
    if "%y" in form:
        notes.append("years of two digits are read as 1969 to 2068")
    if rivals:
        other = f"'data.date_format=\"{rivals[0]}\"'"
        notes.append(f"read as {form}; if it is {rivals[0]}: {other}")
    return "; ".join(notes)
