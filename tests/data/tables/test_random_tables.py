"""Random tables in all types and spellings: read as meant, said, or refused."""

import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from random_columns import (
    REMARKS,
    RandomColumn,
    differing,
    numbers,
    odd_words,
    others,
    times,
    values_of,
    words,
    written_numbers,
    written_times,
)

from litmlp.data.samples import Samples
from litmlp.data.table import TableData
from litmlp.data.tables.named_columns import Tabular
from litmlp.data.tables.read import open_source
from litmlp.data.tables.stream import read_inputs
from litmlp.errors import UserError

Write = Callable[[pl.DataFrame, Path], Any]

COLUMNS = (*(numbers, words, odd_words, written_numbers, written_times, times, others),)
CLEAR = (numbers, words, written_numbers, written_times, times)
"""Columns that are read as a feature, not refused."""


def packed(write: Write) -> Write:
    def write_packed(table: pl.DataFrame, path: Path) -> None:
        write(table, path)
        path.write_bytes(gzip.compress(path.read_bytes()))

    return write_packed


def csv(**options: Any) -> Write:
    return lambda table, path: table.write_csv(path, **options)


WRITERS: dict[str, Write] = {
    "csv": csv(),
    "csv.gz": packed(csv()),
    "tsv": csv(separator="\t"),
    "csv of Excel": csv(separator=";", line_terminator="\r\n", include_bom=True),
    "quoted csv": csv(quote_style="always"),
    "csv with NA": csv(null_value="NA"),
    "parquet": lambda table, path: table.write_parquet(path),
    "arrow": lambda table, path: table.write_ipc(path, compression="zstd"),
    "arrow stream": lambda table, path: table.write_ipc_stream(path),
    "ndjson": lambda table, path: table.write_ndjson(path),
    "ndjson.gz": packed(lambda table, path: table.write_ndjson(path)),
}


def check(data: Tabular, drawn: RandomColumn) -> Samples:
    """Read a table; column x has the meant values, or its remark says another reading.

    Raises:
        UserError: the table is refused.
    """
    samples = data.samples
    (facts,) = (facts for facts in samples.column_report if facts.column == "x")
    if any(remark in facts.note for remark in REMARKS):
        return samples
    assert drawn.meant is not None
    if data.targets == ["x"]:
        meant = [value for value in drawn.meant if value is not None]
        found = samples.targets.flatten().tolist()
        if names := samples.class_names:
            found = [names[int(index)] for index in found]
    else:
        meant = list(drawn.meant)
        (i,) = (i for i, column in enumerate(samples.columns) if column.name == "x")
        found = values_of(samples.columns[i], samples.inputs[:, i].tolist())
    assert differing(meant, found) == [], facts
    return samples


def check_table(seed: int, path: Path) -> None:
    draw = random.Random(seed)
    rows = draw.choice([40] * 8 + [0, 1, 2])
    make, target = draw.choice(COLUMNS), draw.choice("xyy")
    drawn = make(draw, rows)
    other = pl.Series("y", [draw.random() for _ in range(rows)])
    try:
        WRITERS[draw.choice(list(WRITERS))](pl.DataFrame([drawn.stored, other]), path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return  # a format that lacks the type
    try:
        samples = check(TableData(path=str(path), target=target), drawn)
    except UserError:
        if target == "y" and make in CLEAR and rows == 40:
            raise
        return
    chunks = read_inputs(open_source(str(path)), samples.columns, [])
    again = torch.cat([inputs for inputs, _ in chunks])[samples.numbers]
    torch.testing.assert_close(again, samples.inputs, equal_nan=True, rtol=0, atol=0)


@pytest.mark.parametrize("hundred", range(2))
def test_a_random_table_is_read_said_or_refused(hundred: int, tmp_path: Path) -> None:
    for seed in range(100 * hundred, 100 * hundred + 100):
        try:
            check_table(seed, tmp_path / "t")
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise


@pytest.mark.slow
def test_many_random_tables_are_read_said_or_refused(tmp_path: Path) -> None:
    for seed in range(1000, 6000):
        try:
            check_table(seed, tmp_path / "t")
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
