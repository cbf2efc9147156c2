"""Dates and times of day as people write them, and durations of a file that has types.

The form of a column is a format such as ``%d/%m/%Y``, ``ISO`` for year-month-day in any
precision, or ``duration``, which no text is read as.
"""

import re
from collections.abc import Sequence

import polars as pl

from litmlp.data.tables.written_numbers import Form
from litmlp.errors import UserError

ISO, DURATION = "ISO", "duration"
S = r"([-/. ])"
DATES: Sequence[tuple[str, Sequence[str]]] = (
    (rf"\d{{4}}{S}\d{{1,2}}\1\d{{1,2}}", ["%Y{}%m{}%d"]),
    (rf"\d{{1,2}}{S}\d{{1,2}}\1\d{{4}}", ["%d{}%m{}%Y", "%m{}%d{}%Y"]),
    (rf"\d{{1,2}}{S}\d{{1,2}}\1\d\d", ["%d{}%m{}%y", "%m{}%d{}%y", "%y{}%m{}%d"]),
    (rf"\d{{1,2}}{S}[^\W\d]{{3,}}\1\d{{4}}", ["%d{}%B{}%Y"]),
    (rf"\d{{1,2}}{S}[^\W\d]{{3,}}\1\d\d", ["%d{}%B{}%y"]),
    (rf"\d{{4}}{S}[^\W\d]{{3,}}\1\d{{1,2}}", ["%Y{}%B{}%d"]),
    (r"[^\W\d]{3,} \d{1,2}, \d{4}", ["%B %d, %Y"]),
    (r"[^\W\d]{3,} \d{1,2} \d{4}", ["%B %d %Y"]),
    (rf"\d{{4}}{S}\d{{1,2}}", ["%Y{}%m"]),
    (r"\d{1,2}([-/])\d{4}", ["%m{}%Y"]),
    (rf"[^\W\d]{{3,}}{S}\d{{4}}", ["%B{}%Y"]),
    (rf"[^\W\d]{{3,}}{S}\d\d", ["%B{}%y"]),
    (r"[^\W\d]{3,}, ?\d{4}", ["%B, %Y"]),
    (rf"\d{{4}}{S}[^\W\d]{{3,}}", ["%Y{}%B"]),
)
"""Shapes of a date and the formats that it may have; ``{}`` is the separator."""
CLOCK = re.compile(
    r"(?P<hm>\d{1,2}:\d\d)(?P<s>:\d\d(?:[.,]\d+)?)?(?P<space> ?)(?P<half>[AaPp][Mm])?"
    r"(?P<zone> ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?"
)
WEEKDAY = re.compile(r"[^\W\d]{3,9},? (?=.*\d.*\d)")
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
SAMPLE = 100
"""Distinct values whose shapes suggest the formats."""


def formats_of(value: str) -> list[str]:
    """Return the formats that one value may have.

    >>> formats_of("3/4/2024 3:05 PM")
    ['%d/%m/%Y %I:%M %p', '%m/%d/%Y %I:%M %p']
    """
    if re.match(r"\d{4}-\d{1,2}-\d{1,2}(?!\d)", value):
        return [ISO]
    clock = re.search(rf"(?:^|(?<=[T ]))(?:{CLOCK.pattern})$", value)
    day = value[: clock.start()] if clock else value
    time = clock_format(clock) if clock else ""
    if not day:
        return [time] * ("z" not in time)
    end = day[-1] if time else ""
    day = day[: len(day) - len(end)]
    if end == " " and day.endswith(","):
        day, end = day[:-1], ", "
    weekday = WEEKDAY.match(day)
    front = re.sub(r"[^\W\d]+", "%A", weekday[0]) if weekday else ""
    rests = [("", day)] + ([(front, day[weekday.end() :])] if weekday else [])
    return [
        f"{before}{shape.format(*matched.groups() * 2)}{end}{time}"
        for before, rest in rests
        for pattern, shapes in DATES
        if (matched := re.fullmatch(pattern, rest))
        for shape in shapes
    ]


def clock_format(clock: re.Match[str]) -> str:
    """Return the format of a time of day."""
    hours, seconds = "%I" if clock["half"] else "%H", ":%S%.f" if clock["s"] else ""
    half = f"{clock['space']}%p" if clock["half"] else ""
    zone = re.sub("[^ ].*", "%#z", clock["zone"] or "")
    return f"{hours}:%M{seconds}{half}{zone}"


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
    return naive(text.str.to_datetime(form, strict=False))


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
    shapes = text.head(SAMPLE).str.replace(ABBREVIATED, "$1")
    formats = [given] if given else [f for value in shapes for f in formats_of(value)]
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
