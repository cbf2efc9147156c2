"""Reading a table piece by piece: one that need not fit in memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import polars as pl
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.csv_errors import check_header
from litmlp.data.tables.read import MISSING_VALUES, PARQUET, to_inputs
from litmlp.data.tables.survival import refuse_deadly
from litmlp.errors import UserError, prefixed

CSV_BYTES = 2**21
PARQUET_ROWS = 2**16


def header_of(path: str) -> list[str]:
    """The column names of a ``.csv`` or ``.parquet`` file.

    Raises:
        UserError: the file is not there or cannot be read.
    """
    file = Path(path)
    if not file.is_file():
        raise UserError(f"{path}: no such file")
    try:
        if file.suffix.lower() in PARQUET:
            refuse_deadly(file)
            return pl.scan_parquet(file).collect_schema().names()
        check_header(file)
        return pl.scan_csv(file, infer_schema=False).collect_schema().names()
    except pl.exceptions.PolarsError as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def read_chunks(
    path: str, columns: Sequence[Column], kept: Sequence[str]
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Rows in their order, some thousand at a time: their features, and what is kept.

    Args:
        path: a ``.csv`` or ``.parquet`` file.
        columns: the features.
        kept: columns to keep as they are; from a CSV file the text that stands there.

    Raises:
        UserError: a row cannot be read.
    """
    file = Path(path)
    names = [column.name for column in columns]
    try:
        if file.suffix.lower() in PARQUET:
            lazy = pl.scan_parquet(file).select(*dict.fromkeys([*names, *kept]))
            chunks = lazy.collect_batches(chunk_size=PARQUET_ROWS, maintain_order=True)
            yield from ((chunk.select(names), chunk.select(kept)) for chunk in chunks)
            return
        categories = [c.name for c in columns if c.kind == "categorical"]
        with file.open("rb") as source:
            header = source.readline()
            for lines in whole_rows(source):
                features = pl.read_csv(
                    header + lines,
                    columns=names,
                    schema_overrides=dict.fromkeys(categories, pl.String),
                    null_values=MISSING_VALUES,
                    infer_schema_length=None,
                    try_parse_dates=True,
                )
                text = pl.read_csv(header + lines, columns=kept, infer_schema=False)
                yield features.select(names), text.select(kept)
    except pl.exceptions.PolarsError as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def read_inputs(
    path: str, columns: Sequence[Column], kept: Sequence[str]
) -> Iterator[tuple[Tensor, pl.DataFrame]]:
    """Like :func:`read_chunks`, with the features as raw rows [rows, columns].

    Raises:
        UserError: a row cannot be read, or a column is of another kind than it was.
    """
    line = 2  # below the header
    for features, others in read_chunks(path, columns, kept):
        with prefixed(path):
            inputs = to_inputs(features, columns, first_line=line)
        line += len(features)
        yield inputs, others


def whole_rows(source: BinaryIO) -> Iterator[bytes]:
    """The lines of a CSV file in pieces that end where a row does."""
    rest = b""
    while block := source.read(CSV_BYTES):
        rest += block
        end = rest.rfind(b"\n")
        while end >= 0 and rest.count(b'"', 0, end) % 2:  # a line break within quotes
            end = rest.rfind(b"\n", 0, end)
        if end >= 0:
            yield rest[: end + 1]
            rest = rest[end + 1 :]
    if rest.strip():
        yield rest
