"""Random columns in many types and spellings, and the values that they mean."""

import math
import random
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from litmlp.data.samples import Column
from litmlp.data.tables.missing_words import MISSING_WORDS

Value = float | str | None
REMARKS = (
    *("read as", "taken as", "missing: ", "outer spaces", "several units"),
    *("several ways", "two digits", "in days", "of a day", "differ in training"),
)
"""Parts of the remarks that say how a column was read."""
INTEGERS = (
    *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128),
    *(pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64),
)
WORDS = [
    *("red", 'a "quoted" one', "comma, inside", "semi; colon", "two\nlines", "Ölfaß"),
    *(
        "日本",
        "tab\tin",
        "it's",
        "=1+2",
        "-",
        "#x",
        "1-2",
        "Q1",
        "<5",
        "a|b",
        "x" * 300,
    ),
]
ODD_WORDS = [
    *("NA", "None", "null", " red", "red ", "nan", "?", "", " ", "inf", "Infinity"),
    *("1e5", "1E-3", "0x1F", "1/2", "½", "5.", ".5", "+5", "--5", "1.2.3", "10.0.0.1"),
    *("192.168.100.200", "555-1234", "007", "1_0", "1__0", "1,2,3", "1,234", "1.234"),
    *("12:30", "25:00", "2020-02-30", "1/2/2020", "31/12/99", "true"),
    *("FALSE", "True", "yes", "1e400", "1d", "2 days", "-1 day, 22:00:00", "PT5M"),
    *(
        "5%",
        "$5",
        "5 kg",
        "(5)",
        "-(5)",
        "٣",
        "\uff11",
        "5 000",
        "1 2",
        "1'000",
        "Jan 2020",
    ),
    *("5-Jan", "2020", "20200131", "1,5", "1.000,5", "−5", "R5", "1:2", "0", "1", "-0"),
    *("1e", "e5", "NaT", "<NA>", "#N/A", "NULL", "-inf", "1 234,5", "€ 5", "USD5"),
]
NUMBER_FORMS = (
    *("{:,.2f}", "{:.2f}", "${:,.2f}", "{:.2f}%", "{:.2f} kg", "{:_.2f}", "{:e}"),
    *("{:+.2f}", "€ {:.2f}", "{:.2f}°C", "{:.0f}", "{:,.0f}", "{:+.0f}", "{:.0f} %"),
)
DATE_FORMS = (
    *("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d %B %Y", "%b %d, %Y", "%d.%m.%y"),
    *("%Y/%m/%d", "%d-%b-%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%H:%M"),
    *("%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y-%m-%dT%H:%M:%SZ", "%a, %d %b %Y"),
    *("%Y%m%d", "%H:%M:%S", "%I:%M %p", "%Y-%m", "%b-%y", "%d.%m.%Y"),
)


class RandomColumn(NamedTuple):
    """A column and the values that it means; none if it is of a type of no feature."""

    stored: Any
    meant: Sequence[Value] | None


def days(value: Any) -> float:
    """Days since 1970 of a date, fractions of days of a time or duration."""
    if isinstance(value, time):
        value = datetime.combine(date(1970, 1, 1), value)
    if isinstance(value, timedelta):
        return value / timedelta(days=1)
    if not isinstance(value, datetime):
        return float((value - date(1970, 1, 1)).days)
    if value.tzinfo:
        value = value.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
    return (value - datetime(1970, 1, 1)) / timedelta(days=1)


def in_days(values: Sequence[Any]) -> list[Value]:
    return [None if value is None else days(value) for value in values]


def as_floats(values: Sequence[Any]) -> list[Value]:
    return [None if v is None or v != v else float(v) for v in values]


def some_missing(draw: random.Random, values: Sequence[Any]) -> list[Any]:
    fraction = draw.choice([0, 0, 0.2, 0.8])
    return [None if draw.random() < fraction else value for value in values]


def moments(draw: random.Random, rows: int) -> list[datetime]:
    days, start = draw.choice([60, 19_000]), datetime(1970, 1, 1)
    return [
        start + timedelta(days=draw.randint(0, days), seconds=draw.randint(0, 86_399))
        for _ in range(rows)
    ]


def numbers(draw: random.Random, rows: int) -> RandomColumn:
    kind = draw.choice([*INTEGERS, "close", "float", "half", "decimal", "bool"])
    if kind in ("float", "half"):
        spread = draw.choice([1e-3, 1, 1e4])
        drawn = [draw.choice([math.nan, draw.gauss(0, spread)]) for _ in range(rows)]
        stored = pl.Series("x", some_missing(draw, drawn), dtype=pl.Float64)
        stored = stored.cast(pl.Float16 if kind == "half" else pl.Float64)
        return RandomColumn(stored, as_floats(stored.to_list()))
    low, high, dtype = -(10**5), 10**5, kind
    if kind == "close":
        low = draw.choice([1_700_000_000, 10**12, 2**53])
        high, dtype = low + 60, pl.Int64
    if kind in INTEGERS:
        limits = pl.select(kind.min(), kind.max().alias("high")).row(0)
        low, high = draw.choice([limits, (0, 1), (0, 100)])
    whole = some_missing(draw, [draw.randint(low, high) for _ in range(rows)])
    if kind == "decimal":
        dtype = draw.choice([pl.Decimal(9, 2), pl.Decimal(38, 10)])
        stored = (pl.Series("x", whole, dtype=pl.Float64) / 4).cast(dtype)
        return RandomColumn(stored, as_floats(stored.to_list()))
    if kind == "bool":
        whole = [None if value is None else value > 0 for value in whole]
        dtype = pl.Boolean
    return RandomColumn(pl.Series("x", whole, dtype=dtype), as_floats(whole))


def words(draw: random.Random, rows: int) -> RandomColumn:
    some = draw.sample(WORDS, 5)
    drawn = some_missing(draw, [draw.choice(some) for _ in range(rows)])
    kind = draw.choice([pl.String, pl.Categorical, pl.Enum(WORDS)])
    return RandomColumn(pl.Series("x", drawn, dtype=pl.String).cast(kind), drawn)


def odd_words(draw: random.Random, rows: int) -> RandomColumn:
    some = draw.sample(ODD_WORDS, draw.choice([1, 2, 2, 3, 5]))
    drawn = [draw.choice(some) for _ in range(rows)]
    plain = [text.strip() for text in drawn]
    meant = [None if text in MISSING_WORDS else text for text in plain]
    return RandomColumn(pl.Series("x", drawn, dtype=pl.String), meant)


def written_numbers(draw: random.Random, rows: int) -> RandomColumn:
    form, spread = draw.choice(NUMBER_FORMS), draw.choice([0.01, 1, 1000, 10**6])
    minus = "-{}" if "+" in form else draw.choice(["-{}", "−{}", "({})"])
    swap = str.maketrans(",.", ".,") if draw.random() < 0.3 else {}
    texts: list[str | None] = []
    meant: list[Value] = []
    for number in some_missing(draw, [draw.gauss(0, spread) for _ in range(rows)]):
        if number is None:
            texts, meant = [*texts, None], [*meant, None]
            continue
        digits = form.format(abs(number)).translate(swap)
        texts.append(minus.format(digits).replace("-+", "-") if number < 0 else digits)
        shape = form[form.index("{") : form.index("}") + 1]
        meant.append(float(shape.format(number).replace(",", "").replace("_", "")))
    return RandomColumn(pl.Series("x", texts, dtype=pl.String), meant)


def written_times(draw: random.Random, rows: int) -> RandomColumn:
    form = draw.choice([*DATE_FORMS, "span"])
    if form == "span":
        spans = [timedelta(seconds=draw.randint(-(10**6), 10**6)) for _ in range(rows)]
        spans = some_missing(draw, spans)
        texts = [None if span is None else str(span) for span in spans]
        return RandomColumn(pl.Series("x", texts, dtype=pl.String), in_days(spans))
    drawn = some_missing(draw, moments(draw, rows))
    texts = [None if moment is None else moment.strftime(form) for moment in drawn]
    read = [text and datetime.strptime(text, form) for text in texts]
    if "%d" not in form and "%m" not in form and "%b" not in form:
        read = [moment and moment.time() for moment in read]
    meant = in_days([moment or None for moment in read])
    return RandomColumn(pl.Series("x", texts, dtype=pl.String), meant)


def times(draw: random.Random, rows: int) -> RandomColumn:
    drawn = moments(draw, rows)
    cases: dict[Any, Callable[[datetime], Any]] = {
        **{pl.Datetime(unit): lambda moment: moment for unit in ("ms", "us", "ns")},
        **{
            pl.Datetime("us", zone): lambda m, z=zone: m.replace(tzinfo=ZoneInfo(z))
            for zone in ("UTC", "America/New_York")
        },
        **{
            pl.Duration(unit): lambda moment: moment - datetime(1980, 1, 1)
            for unit in ("ms", "us", "ns")
        },
        pl.Date(): datetime.date,
        pl.Time(): datetime.time,
    }
    kind = draw.choice(list(cases))
    values = some_missing(draw, list(map(cases[kind], drawn)))
    return RandomColumn(pl.Series("x", values, dtype=kind), in_days(values))


def others(draw: random.Random, rows: int) -> RandomColumn:
    """Nothing at all, or values of no feature."""
    values = draw.choice([[1, 2], {"a": 1}, b"0", None])
    stored = pl.Series("x", [values] * rows)
    if values is None:
        kinds = (pl.Null, pl.String, pl.Int64, pl.Float64, pl.Date, pl.Categorical)
        stored = pl.Series("x", [None] * rows, dtype=draw.choice(kinds))
        return RandomColumn(stored, [None] * rows)
    return RandomColumn(stored, None)


def as_number(value: Value) -> Value:
    if isinstance(value, str):
        try:
            return float({"true": "1", "false": "0"}.get(value.lower(), value))
        except ValueError:
            return value
    return value


def differing(meant: Sequence[Value], found: Sequence[Value]) -> list[Any]:
    """Pairs of a value and what was read, but for rounding; a text may be a number."""
    pairs = list(zip(map(as_number, meant), map(as_number, found), strict=True))
    known = [value for value, _ in pairs if isinstance(value, float)]
    spread = max(known) - min(known) if known else 0.0

    def differ(a: Value, b: Value) -> bool:
        if isinstance(a, float) and isinstance(b, float) and a != b:
            return abs(a - b) > (spread / 100 or abs(a) / 1e6)
        return a != b

    return [(a, b) for a, b in pairs if differ(a, b)]


def values_of(column: Column, inputs: Sequence[float]) -> list[Value]:
    """The values of a feature as they were read."""
    if column.kind != "categorical":
        return as_floats(inputs)
    return [None if i != i else column.categories[int(i)] for i in inputs]
