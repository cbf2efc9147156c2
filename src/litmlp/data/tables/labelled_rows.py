"""Reading the targets of a table for a model that has been trained on another."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import torch
from polars import selectors as cs
from torch import Tensor

from litmlp.data.samples import Column
from litmlp.data.tables.column_kinds import as_text
from litmlp.data.tables.read import MISSING_VALUES, as_numbers
from litmlp.data.tables.stream import read_inputs
from litmlp.data.tables.task_inference import index_of_class
from litmlp.errors import UserError, prefixed

FIRST_LINE = 2  # below the header
FEW = 10
"""Classes that a message lists."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """The rows of a table whose targets are known.

    Attributes:
        inputs: raw features [rows, columns]: see ``Samples.inputs``.
        targets: class indices [rows], or real values [rows, targets].
        kept: other columns, as they are (from a CSV file the text that stands there),
            but none of lists or bytes.
        lines: where the rows stand in their file, below a header on line 1.
        num_unlabelled: rows that were left out for want of a target.
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
) -> Labelled:
    """The labelled rows of a ``.csv`` or ``.parquet`` file that has all these columns.

    Args:
        path: of the file.
        columns: the features.
        target_names: one a target; a single one for classes.
        class_names: in the order of the class indices; empty for real values.
        kept: other columns to keep.

    Raises:
        UserError: a row cannot be read, a target is of another kind than the model's or
            none of its classes, or no row has one.
    """
    others = list(dict.fromkeys([*kept, *target_names]))
    chunks = list(read_inputs(path, columns, others))
    if not chunks:
        raise UserError(f"{path} has a header and no rows")
    table = pl.concat([other for _, other in chunks])
    with prefixed(path):
        numbers = as_targets(table.select(target_names), class_names)
    labelled = numbers.with_row_index("row").drop_nulls()
    if labelled.is_empty():
        raise UserError(f"{path}: target {', '.join(target_names)} has no values")
    rows = labelled["row"].cast(pl.Int64)
    targets = torch.from_numpy(labelled.drop("row").to_numpy().copy())
    inputs = torch.cat([inputs for inputs, _ in chunks])
    return Labelled(
        inputs=inputs[rows.to_list()],
        targets=targets[:, 0] if class_names else targets.to(inputs.dtype),
        kept=table[rows].select(kept).select(~(cs.nested() | cs.binary())),
        lines=(rows + FIRST_LINE).alias("line"),
        num_unlabelled=table.height - labelled.height,
    )


def as_targets(given: pl.DataFrame, class_names: Sequence[str]) -> pl.DataFrame:
    """Class indices, or real values if there are no classes; null where one is missing.

    Raises:
        UserError: a value is no class, or no number.
    """
    if class_names:
        return as_class_indices(given.to_series(), class_names).to_frame()
    return given.select(as_real_values(column) for column in given)


def as_real_values(given: pl.Series) -> pl.Series:
    """The values of a real-valued target, null where there is none.

    Raises:
        UserError: one is no number.
    """
    target = Column(name=given.name)
    values = as_numbers(without_missing(given), target, FIRST_LINE).cast(pl.Float64)
    return without_missing(values).alias(given.name)


def as_class_indices(given: pl.Series, class_names: Sequence[str]) -> pl.Series:
    """The class index of each value, null where there is none.

    Raises:
        UserError: a value is no class.
    """
    values = as_text(without_missing(given))
    indices = index_of_class(values, class_names)
    unknown = (indices.is_null() & values.is_not_null()).arg_true()
    if len(unknown):
        row = int(unknown[0])
        some = ", ".join(class_names[:FEW]) + ", …" * (len(class_names) > FEW)
        raise UserError(
            f"target {given.name}, line {FIRST_LINE + row}: {values[row]!r} is none of "
            f"the model's classes: {some}"
        )
    return indices


def without_missing(values: pl.Series) -> pl.Series:
    """The values, with null for a text or number that stands for none."""
    if values.dtype == pl.String:
        return values.set(values.is_in(MISSING_VALUES), None)
    if values.dtype.is_float():
        return values.set(~values.is_finite(), None)
    return values
