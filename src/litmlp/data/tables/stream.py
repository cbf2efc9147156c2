"""Reading a table in chunks, so that a file need not fit in memory."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import polars as pl
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.column_kinds import FIRST_LINE
from litmlp.data.tables.raw_features import to_inputs
from litmlp.data.tables.read import MISSING_VALUES, is_parquet, report_polars_errors
from litmlp.errors import prefix_mistakes

CSV_BYTES = 2**21
PARQUET_ROWS = 2**16


def read_inputs(
    path: str, columns: Sequence[Column], kept: Sequence[str]
) -> Iterator[tuple[Tensor, pl.DataFrame]]:
    """Yield raw features [rows, columns] and kept columns of some thousand rows each.

    Args:
        path: a ``.csv`` or ``.parquet`` file.
        columns: the features.
        kept: columns to keep as they are; from a CSV file as text.

    Raises:
        UserError: a row cannot be read, or a column is of another kind than in
            training.
    """
    line = FIRST_LINE
    for features, others in read_chunks(path, columns, kept):
        with prefix_mistakes(path):
            inputs = to_inputs(features, columns, first_line=line)
        line += len(features)
        yield inputs, others


def read_chunks(
    path: str, columns: Sequence[Column], kept: Sequence[str]
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield the columns of the features, and the kept columns: see `read_inputs`."""
    names = [column.name for column in columns]
    with report_polars_errors(path):
        if is_parquet(path):
            lazy = pl.scan_parquet(path).select(*dict.fromkeys([*names, *kept]))
            chunks = lazy.collect_batches(chunk_size=PARQUET_ROWS, maintain_order=True)
            yield from ((chunk.select(names), chunk.select(kept)) for chunk in chunks)
            return
        categories = [c.name for c in columns if c.kind == "categorical"]
        with open(path, "rb") as source:
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


def whole_rows(source: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a CSV file in blocks that end at the end of a row."""
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
