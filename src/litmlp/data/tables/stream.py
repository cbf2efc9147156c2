"""The features of a table in chunks, so that a file need not fit in memory."""

from collections.abc import Iterator, Sequence
from functools import partial

import polars as pl
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.cell_errors import mistakes_in
from litmlp.data.tables.raw_features import Unseen, to_inputs
from litmlp.data.tables.read import Source, read_chunks


def read_inputs(
    source: Source,
    columns: Sequence[Column],
    kept: Sequence[str],
    unseen: Unseen | None = None,
) -> Iterator[tuple[Tensor, pl.DataFrame]]:
    """Yield raw features [rows, columns] and kept columns of some thousand rows each.

    Args:
        columns: the features.
        kept: columns to keep as they are; from a CSV file as text.
        unseen: counts the rows with categories that training did not have.

    Raises:
        UserError: a row cannot be read, or a column is of another kind than in
            training.
    """
    names = [column.name for column in columns]
    start = 0
    for chunk in read_chunks(source, [*names, *kept]):
        with mistakes_in(source.path, partial(place_below, source, start)):
            inputs = to_inputs(chunk, columns, unseen)
        start += chunk.height
        yield inputs, chunk.select(kept)  # `chunk[[]]` would have no rows


def place_below(source: Source, start: int, row: int) -> str:
    """Name the place of a row of the chunk that begins with row ``start``."""
    return source.place(start + row)
