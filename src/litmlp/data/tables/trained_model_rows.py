"""The rows of a file for a trained model, in chunks: it need not fit in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import torch
from polars import selectors as cs
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.cell_errors import mistakes_in
from litmlp.data.tables.missing_words import describe_left_out
from litmlp.data.tables.raw_features import Unseen, to_inputs
from litmlp.data.tables.read import Source, read_chunks
from litmlp.data.tables.targets import encode_targets, read_again
from litmlp.errors import UserError


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
    start = 0
    for chunk in read_chunks(source, [*(column.name for column in columns), *kept]):
        with mistakes_in(source.path, source.place, start):
            inputs = to_inputs(chunk, columns, unseen)
        start += chunk.height
        yield inputs, chunk.select(kept)  # `chunk[[]]` would have no rows


@dataclass(frozen=True, kw_only=True)
class LabelledRows:
    """The rows of a file whose targets are known.

    Attributes:
        inputs: raw features [rows, columns]: see ``Samples.inputs``.
        targets: class indices [rows], or real values [rows, targets].
        kept: other columns as they are (from a CSV file as text), without columns of
            lists or bytes.
        left_out: how many rows lack a target, and why; empty if none does.
        unseen: rows with categories that training did not have.
    """

    inputs: Tensor
    targets: Tensor
    kept: pl.DataFrame
    left_out: str
    unseen: Unseen


def read_labelled(
    source: Source,
    columns: Sequence[Column],
    *,
    targets: Sequence[Column],
    class_names: Sequence[str],
    kept: Sequence[str] = (),
) -> LabelledRows:
    """Read the labelled rows of a file with these columns.

    Args:
        source: the file.
        columns: the features.
        targets: a single one for classes.
        class_names: in the order of the class indices; empty for real values.
        kept: other columns to keep.

    Raises:
        UserError: a row cannot be read, a target is of another kind than the model's or
            none of its classes, or no row has a target.
    """
    names = [target.name for target in targets]
    others = list(dict.fromkeys([*kept, *names]))
    unseen: Unseen = Unseen()
    chunks = list(read_inputs(source, columns, others, unseen))
    if not chunks:
        raise UserError(f"{source.path} has a header and no rows")
    table = pl.concat([other for _, other in chunks])
    with mistakes_in(source.path, source.place):
        given = pl.DataFrame(
            read_again(table[target.name], target, for_classes=bool(class_names))
            for target in targets
        )
        encoded = encode_targets(given, class_names)
    if not len(encoded):
        raise UserError(f"{source.path}: target {', '.join(names)} has no values")
    is_labelled = given.select(pl.all_horizontal(pl.all().is_not_null())).to_series()
    rows = is_labelled.arg_true().to_list()
    return LabelledRows(
        inputs=torch.cat([inputs for inputs, _ in chunks])[rows],
        targets=encoded,
        kept=table[rows].select(cs.by_name(*kept)).select(~(cs.nested() | cs.binary())),
        left_out=describe_left_out(table, given),
        unseen=unseen,
    )
