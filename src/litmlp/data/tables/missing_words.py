"""Missing values: one meaning for text, numbers and every kind of file."""

from collections import Counter
from collections.abc import Sequence

import polars as pl

MISSING_WORDS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?")
"""Words that stand for a missing value unless the user gives others."""


def without_missing(values: pl.Series, words: Sequence[str] | None = None) -> pl.Series:
    """Strip outer spaces of text; null for NaN, empty text and the missing words.

    Args:
        values: of any type; categories stay categories if none of them changes.
        words: None for ``MISSING_WORDS``; a word that is a number also stands for this
            number in a column of numbers.
    """
    words = list(MISSING_WORDS if words is None else words)
    if isinstance(values.dtype, (pl.Categorical, pl.Enum)):
        text = values.unique().drop_nulls().cast(pl.String)
        if (text == text.str.strip_chars()).all() and not text.is_in(
            ["", *words]
        ).any():
            return values
        values = values.cast(pl.String)
    if values.dtype == pl.String:
        text = values.str.strip_chars()
        return text.set(text.is_in(["", *words]), None)
    if not values.dtype.is_numeric():
        return values
    if values.dtype.is_float():
        values = values.fill_nan(None)
    numbers = pl.Series(words, dtype=pl.String).cast(pl.Float64, strict=False)
    numbers = numbers.fill_nan(None).drop_nulls()
    if numbers.is_empty():
        return values
    return values.set(values.cast(pl.Float64).is_in(numbers.to_list()), None)


def describe_left_out(raw: pl.DataFrame, read: pl.DataFrame) -> str:
    """Say how many rows lack a target as ``read``, and which words they have raw."""
    count = read.height - read.drop_nulls().height
    words = [count_words(raw[name], read[name]) for name in read.columns]
    named = "".join(f": {text}" for text in words if text)
    return f"{count:,} rows without a target are left out{named}" if count else ""


def count_words(raw: pl.Series, read: pl.Series) -> str:
    """Name the words of a text column that were read as missing, with their counts.

    >>> raw = pl.Series(["NA", "a", "NA", ""])
    >>> count_words(raw, pl.Series([None, "a", None, None]))
    "2 × 'NA'"
    """
    if raw.dtype != pl.String:
        return ""
    words = raw.filter(read.is_null()).str.strip_chars()
    counts = Counter(words.filter(words != ""))
    return ", ".join(f"{times:,} × {word!r}" for word, times in counts.most_common(3))
