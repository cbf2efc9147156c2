"""Reading the labelled rows of a file, to evaluate a trained model on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import torch
from polars import selectors as cs
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.column_kinds import FIRST_LINE
from litmlp.data.tables.raw_features import as_numbers
from litmlp.data.tables.read import MISSING_VALUES
from litmlp.data.tables.stream import read_inputs
from litmlp.data.tables.targets import class_indices
from litmlp.errors import UserError, prefix_mistakes


@dataclass(frozen=True, kw_only=True)
class LabelledRows:
    """The rows of a file whose targets are known.

    Attributes:
        inputs: raw features [rows, columns]: see ``Samples.inputs``.
        targets: class indices [rows], or real values [rows, targets].
        kept: other columns as they are (from a CSV file as text), without columns of
            lists or bytes.
        lines: the line of each row in its file, below a header on line 1.
        num_unlabelled: number of rows that are left out since they lack a target.
    """

    inputs: Tensor
    targets: Tensor
    kept: pl.DataFrame
    lines: pl.Series
    num_unlabelled: int


def read_labelled(
    path: str,
    columns: Sequence[Column],
    *,
    target_names: Sequence[str],
    class_names: Sequence[str],
    kept: Sequence[str] = (),
) -> LabelledRows:
    """Read the labelled rows of a ``.csv`` or ``.parquet`` file with these columns.

    Args:
        path: the file.
        columns: the features.
        target_names: one name per target; a single one for classes.
        class_names: in the order of the class indices; empty for real values.
        kept: other columns to keep.

    Raises:
        UserError: a row cannot be read, a target is of another kind than the model's or
            none of its classes, or no row has a target.
    """
    others = list(dict.fromkeys([*kept, *target_names]))
    chunks = list(read_inputs(path, columns, others))
    if not chunks:
        raise UserError(f"{path} has a header and no rows")
    table = pl.concat([other for _, other in chunks])
    given = table.select(without_missing(table[name]) for name in target_names)
    with prefix_mistakes(path):
        encoded = (
            class_indices(given.to_series(), class_names).to_frame()
            if class_names
            else given.select(as_real_values(column) for column in given)
        )
    labelled = encoded.with_row_index("row").drop_nulls()
    if labelled.is_empty():
        raise UserError(f"{path}: target {', '.join(target_names)} has no values")
    rows = labelled["row"].cast(pl.Int64)
    targets = torch.from_numpy(labelled.drop("row").to_numpy().copy())
    inputs = torch.cat([inputs for inputs, _ in chunks])
    return LabelledRows(
        inputs=inputs[rows.to_list()],
        targets=targets[:, 0] if class_names else targets.to(inputs.dtype),
        kept=table[rows].select(kept).select(~(cs.nested() | cs.binary())),
        lines=(rows + FIRST_LINE).alias("line"),
        num_unlabelled=table.height - labelled.height,
    )


def as_real_values(given: pl.Series) -> pl.Series:
    """The values of a real-valued target, null where one is missing or infinite.

    Raises:
        UserError: a value is no number.
    """
    target = Column(name=given.name)
    values = as_numbers(given, target, FIRST_LINE).cast(pl.Float64)
    return without_missing(values).alias(given.name)


def without_missing(values: pl.Series) -> pl.Series:
    """The values, null where a text or number stands for a missing value."""
    if values.dtype == pl.String:
        return values.set(values.is_in(MISSING_VALUES), None)
    if values.dtype.is_float():
        return values.set(~values.is_finite(), None)
    return values
