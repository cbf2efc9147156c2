"""Random tables in all formats and spellings: read as meant, said, or refused."""

import gzip
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from litmlp.data.table import TableData
from litmlp.data.tables.missing_words import MISSING_WORDS
from litmlp.data.tables.read import open_source
from litmlp.data.tables.trained_model_rows import read_inputs
from litmlp.errors import UserError

Value = float | str | None
Drawn = tuple[list[Any], list[Value]]
"""Values of a column, and what they mean."""
START = datetime(1970, 1, 1)
ROWS = 40
REMARKS = (
    *("read as", "taken as", "missing: ", "several units", "several ways"),
    *("two digits", "of a day", "differ in training"),
)
"""Parts of the remarks that say how a column was read."""
WITHOUT_SPACES = """
NA None null nan ? inf Infinity 1e5 1E-3 0x1F 1/2 ½ 5. .5 +5 --5 1.2.3 10.0.0.1 1d R5
192.168.100.200 555-1234 007 1_0 1__0 1,2,3 1,234 1.234 12:30 25:00 2020-02-30 1/2/2020
31/12/99 true FALSE True yes 1e400 PT5M 5% $5 (5) -(5) ٣ 1'000 5-Jan 2020 20200131 1,5
1.000,5 −5 1e e5 1:2 0 1 -0 NaT <NA> #N/A NULL -inf USD5
red Ölfaß 日本 it's =1+2 - #x 1-2 Q1 <5 a|b
"""
WORDS = [
    *(None, "", " ", " red", "red ", "5 kg", "5 000", "1 2", "1 234,5", "€ 5"),
    *("2 days", "-1 day, 22:00:00", "\uff11", 'a "quoted" one', "comma, inside"),
    *("semi; colon", "two\nlines", "tab\tin", "x" * 300, *WITHOUT_SPACES.split()),
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


def csv(**options: Any) -> Callable[[pl.DataFrame, Path], Any]:
    return lambda table, path: table.write_csv(path, **options)


WRITERS = [
    csv(),
    csv(separator="\t"),
    csv(separator=";", line_terminator="\r\n", include_bom=True),  # of Excel
    csv(quote_style="always"),
    csv(null_value="NA"),
    lambda table, path: path.write_bytes(gzip.compress(table.write_csv().encode())),
    lambda table, path: table.write_parquet(path),
    lambda table, path: table.write_ipc(path, compression="zstd"),
    lambda table, path: table.write_ipc_stream(path),
    lambda table, path: table.write_ndjson(path),
]


def words(draw: random.Random) -> Drawn:
    some = draw.sample(WORDS, draw.choice([1, 2, 2, 3, 5]))
    drawn = [draw.choice(some) for _ in range(ROWS)]
    plain = [(text or "").strip() for text in drawn]
    return drawn, [None if text in MISSING_WORDS else text for text in plain]


def numbers(draw: random.Random) -> Drawn:
    form, spread = draw.choice(NUMBER_FORMS), draw.choice([0.01, 1, 1000, 10**6])
    minus = "-{}" if "+" in form else draw.choice(["-{}", "−{}", "({})"])
    swap = str.maketrans(",.", ".,") if draw.random() < 0.3 else {}
    shape = form[form.index("{") : form.index("}") + 1]
    texts, meant = [], []
    for number in (draw.gauss(0, spread) for _ in range(ROWS)):
        digits = form.format(abs(number)).translate(swap)
        texts.append(minus.format(digits).replace("-+", "-") if number < 0 else digits)
        meant.append(float(shape.format(number).replace(",", "").replace("_", "")))
    return texts, [*meant]


def times(draw: random.Random) -> Drawn:
    form, spread = draw.choice(DATE_FORMS), draw.choice([60, 19_000])
    drawn = [START + timedelta(days=draw.uniform(0, spread)) for _ in range(ROWS)]
    texts = [moment.strftime(form) for moment in drawn]
    read = [datetime.strptime(text, form) for text in texts]
    start = datetime(1900, 1, 1) if max(read).year == 1900 else START
    return texts, [(moment - start) / timedelta(days=1) for moment in read]


COLUMNS = (words, numbers, times)


def as_number(value: Value) -> Value:
    if isinstance(value, str):
        try:
            return float({"true": "1", "false": "0"}.get(value.lower(), value))
        except ValueError:
            return value
    return value


def differ(meant: Sequence[Value], found: Sequence[Value]) -> bool:
    """Whether values differ but for rounding; a text may be a number."""
    pairs = list(zip(map(as_number, meant), map(as_number, found), strict=True))
    known = [value for value, _ in pairs if isinstance(value, float)]
    spread = max(known) - min(known) if known else 0.0
    return any(
        abs(a - b) > (spread / 100 or abs(a) / 1e6)
        if isinstance(a, float) and isinstance(b, float)
        else a != b
        for a, b in pairs
        if a != b
    )


def check_table(seed: int, path: Path) -> None:
    """Check that column x has the meant values, or a remark, or is refused."""
    draw = random.Random(seed)
    make, target = draw.choice(COLUMNS), draw.choice("xy")
    drawn, meant = make(draw)
    table = pl.DataFrame({"x": drawn, "y": [draw.random() for _ in range(ROWS)]})
    draw.choice(WRITERS)(table, path)
    try:
        samples = TableData(path=str(path), target=target).samples
    except UserError:
        assert target == "x" or make is words
        return
    (facts,) = (facts for facts in samples.column_report if facts.column == "x")
    if not any(remark in facts.note for remark in REMARKS):
        if target == "x":
            meant = [value for value in meant if value is not None]
            found = samples.targets.flatten().tolist()
            names = samples.class_names
        else:
            found = samples.inputs[:, 0].tolist()
            names = samples.columns[0].categories
        found = [None if i != i else names[int(i)] if names else i for i in found]
        assert not differ(meant, found), facts
    chunks = read_inputs(open_source(str(path)), samples.columns, [])
    again = torch.cat([inputs for inputs, _ in chunks])[samples.numbers]
    torch.testing.assert_close(again, samples.inputs, equal_nan=True, rtol=0, atol=0)


@pytest.mark.parametrize(
    "seeds", [range(200), pytest.param(range(1000, 6000), marks=pytest.mark.slow)]
)
def test_a_random_table_is_read_said_or_refused(seeds: range, tmp_path: Path) -> None:
    for seed in seeds:
        try:
            check_table(seed, tmp_path / "t")
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
