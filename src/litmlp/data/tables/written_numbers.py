"""Numbers as people write them: thousands separators, units, decimal commas.

A *form* is an example that says how a column writes its numbers: ``$1,234.5`` has a
unit before the number, commas between the thousands and a decimal point.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

SPELLINGS = {
    **dict.fromkeys("\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " "),
    **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
    **{chr(0x0660 + digit): str(digit) for digit in range(10)},
    "\uff0b": "+",
    "\uff05": "%",
    "\u2019": "'",
}
"""Other characters for the same signs, spaces and digits."""
CURRENCY = (
    r"(?:(?:US|R|A|C|HK|NZ)?\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|INR|CAD|AUD|BRL|Rs\.?|kr\.?)"
)
DIGITS = r"[.,]?\d(?:[\d.,'_ ]*\d)?[.,]?(?:[eE][-+]?\d+)?"
UNIT = r"\+|[^\d\s.,'_()/+\-:][^\d,()]{0,15}[23]?"
NUMBER = (
    rf"^(?P<sign>[-+]?)\s*(?P<prefix>{CURRENCY})?\s*(?P<inner>[-+]?)"
    rf"(?P<digits>{DIGITS})\s*(?P<suffix>{UNIT})?$"
)
POINTS = [("", "."), (",", "."), (" ", "."), ("'", "."), ("_", ".")]
"""Pairs of a thousands separator and a decimal point, the likeliest first."""
COMMAS = [("", ","), (".", ","), (" ", ","), ("'", ","), ("_", ",")]
SAMPLE = 100
"""Values that show how most columns are written."""
MOST_UNITS = 5
"""Units that a column of numbers may mix by mistake."""
PLAIN = "1234.5"
EXAMPLE = re.compile(r"(.*?)1(\D?)234(\D)5(.*)", re.DOTALL)
THOUSANDS = r"^[-+]?[1-9]\d{0,2}(\.\d{3})+$"
"""A number whose points may separate thousands."""


class Form(NamedTuple):
    """A way in which a column is written, and what is to be said about it.

    Attributes:
        form: as in ``Column.form``.
        note: a remark about the reading.
        rivals: other forms, in which the same text means something else.
        fraction: of the values that have this form.
    """

    form: str
    note: str = ""
    rivals: Sequence[str] = ()
    fraction: float = 1.0


def find_form(text: pl.Series, decimal: str | None) -> Form:
    """Find the one form in which all distinct values of a column are numbers.

    The fraction is 0 if there is none; a note says why if every value is a number.
    """
    parts = text_parts(text)
    if parts["digits"].null_count():
        return Form("", fraction=0)
    units = parts.select("prefix", "suffix").unique().sort("prefix", "suffix")
    if units.height > MOST_UNITS:
        return Form("", fraction=0)  # such as addresses
    if units.height > 1:
        named = [f"{a}{b}" or "none" for a, b in units.head(3).rows()]
        note = f"numbers with several units ({', '.join(named)})"
        return Form("", note, fraction=0)
    prefix, suffix = units.row(0)
    digits = parts["digits"]
    pairs = POINTS * (decimal != ",") + COMMAS * (decimal != ".")
    fitting = [pair for pair in pairs if digits.str.contains(pattern(*pair)).all()]
    if not fitting:
        some = f"{digits[0]} and {digits[-1]}"
        return Form("", f"numbers written in several ways, such as {some}", fraction=0)
    form, *rivals = [f"{prefix}1{t}234{mark}5{suffix}" for t, mark in fitting]
    rivals = [rival for rival in rivals if mark_of(rival) != mark_of(form)][:1]
    numbers = parse_form(text, form)
    rivals = [r for r in rivals if (parse_form(text, r) != numbers).any()]
    longest = max(text, key=len)
    number = parse_form(pl.Series([longest]), form)[0]
    note = f"{longest} is read as {number:.10g}"
    if rivals:
        note += """; if a comma is the decimal mark: 'data.decimal=","'"""
    return Form("" if form == PLAIN else form, note, rivals)


def mark_of(form: str) -> str:
    """Return the decimal mark of a form; nothing for a form of other values."""
    example = EXAMPLE.fullmatch(form)
    return example[3] if example else ""


def may_have_thousands(text: pl.Series) -> bool:
    """Say whether all points of a column of plain numbers may separate thousands."""
    for some in (text.head(SAMPLE), text):  # most columns show it at once
        points = some.filter(some.str.contains(".", literal=True))
        if not points.str.contains(THOUSANDS).all():
            return False
    return len(points) > 0


def has_main_unit(text: pl.Series) -> pl.Series:
    """Whether each value is a number with the unit that most numbers have, or none."""
    parts = text_parts(text)
    is_number = parts["digits"].is_not_null()
    units = parts["prefix"] + " " + parts["suffix"]
    return is_number & units.is_in(units.filter(is_number).mode().head(1).implode())


def pattern(thousands: str, mark: str) -> str:
    """Return the pattern of digits that are written with two separators."""
    rest = rf"(?:{re.escape(mark)}\d*)?(?:[eE][-+]?\d+)?$"
    if not thousands:
        return rf"^(?:\d+|{re.escape(mark)}\d+){rest}"
    # In India two digits stand between the commas, but for the last three.
    inner = rf"(?:{re.escape(thousands)}\d{{{'2,3' if thousands == ',' else '3'}}})*"
    return rf"^(?:[1-9]\d{{0,2}}{inner}{re.escape(thousands)}\d{{3}}|\d{{1,3}}){rest}"


def text_parts(text: pl.Series) -> pl.DataFrame:
    """Split text into signs, prefix, digits and suffix; null if it is no number."""
    text = text.str.replace_many(SPELLINGS)
    # In accounts (5.00) is negative.
    text = text.str.strip_chars().str.replace(
        rf"^({CURRENCY})?\s*\(([^()]*)\)$", "-$1$2"
    )
    parts = text.str.extract_groups(NUMBER).struct.unnest()
    return parts.with_columns(
        pl.col("suffix").fill_null("").str.strip_chars(),
        pl.col("prefix").fill_null(""),
    )


def parse_numbers(text: pl.Series, form: str) -> pl.Series:
    """Parse numbers in a form, true and false as 1 and 0; null for other text."""
    plain = text.str.strip_chars()
    floats = plain.cast(pl.Float64, strict=False)
    if not form and floats.null_count() == plain.null_count():
        return floats
    distinct = plain.drop_nulls().unique()
    read = dict(zip(distinct, parse_form(distinct, form or PLAIN), strict=True))
    bits = {"true": 1.0, "false": 0.0}
    read |= {text: bits[text.lower()] for text in distinct if text.lower() in bits}
    numbers = plain.replace_strict(read, default=None, return_dtype=pl.Float64)
    return numbers if form else floats.zip_with(floats.is_not_null(), numbers)


def parse_form(text: pl.Series, form: str) -> pl.Series:
    """Parse numbers in a form as float64; null for text of another form."""
    example = EXAMPLE.fullmatch(form)
    assert example is not None
    prefix, thousands, mark, suffix = example.groups()
    parts = text_parts(text)
    digits = parts["digits"]
    fits = (parts["prefix"] == prefix) & (parts["suffix"] == suffix)
    fits &= digits.str.contains(pattern(thousands, mark))
    if thousands:
        digits = digits.str.replace_all(thousands, "", literal=True)
    numbers = digits.str.replace(mark, ".", literal=True).cast(pl.Float64, strict=False)
    minus = (parts["sign"] == "-") != (parts["inner"] == "-")
    return numbers.zip_with(~minus, -numbers).set(~fits.fill_null(False), None)
