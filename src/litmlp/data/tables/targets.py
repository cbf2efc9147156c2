"""The targets of a table: the task that they ask for, their classes and values."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import polars as pl
import torch
from torch import Tensor

from litmlp.data.samples import Column, Kind, Task
from litmlp.data.tables.cell_errors import CellError
from litmlp.data.tables.column_kinds import TIMES, TypedColumn, as_text, has_text
from litmlp.data.tables.dates import in_days
from litmlp.data.tables.missing_words import without_missing
from litmlp.data.tables.raw_features import as_numbers, as_tensor, check_size
from litmlp.data.tables.read_column import Wording, read_column
from litmlp.errors import UserError

MOST_CLASSES = 20
"""A whole-number target with more distinct values is a regression target."""
MOST_NAMES = 10
"""Class names that a message lists."""


def read_target(raw: pl.Series, task: str, wording: Wording) -> TypedColumn:
    """Read a target column of a training table."""
    read = read_column(raw, wording)
    values, notes = read.values, list(read.notes)
    for_classes = task in ("binary", "multiclass")
    if not has_text(values.dtype):
        raise UserError(
            f"target {raw.name} is {values.dtype}: it must be numbers, text or booleans"
        )
    if values.dtype == pl.Duration:
        values = in_days(values)
    elif values.dtype in TIMES:
        values = read.cleaned
        if values.n_unique() > MOST_CLASSES and not for_classes:
            raise UserError(
                f"target {raw.name} holds dates or times, which are no numbers: choose "
                "another column, such as a number of days"
            )
        notes.append("dates and times are taken as classes")
    elif values.dtype.is_numeric():
        check_size(values)
    if read.mixed:
        if not for_classes and not read.has_few_values:
            raise CellError(
                f"target {raw.name}",
                read.mixed.row,
                f"{read.mixed.problem}: correct it, leave it empty, name it in "
                "data.missing, or take the target as classes: task=multiclass",
            )
        notes.append(f"taken as classes: {read.mixed.problem}")
    kind: Kind = "numeric" if values.dtype.is_numeric() else "categorical"
    if read.values.dtype == pl.Duration:
        kind = "datetime"
    form = read.form if kind != "categorical" else ""
    column = Column(name=raw.name, kind=kind, form=form, missing=wording.missing)
    return TypedColumn(column, values, notes)


def read_again(raw: pl.Series, column: Column, *, for_classes: bool) -> pl.Series:
    """Read a target of another file as that of the training table was read."""
    if for_classes and not column.form:
        return without_missing(raw, column.missing)
    if column.kind == "categorical":  # real values are numbers
        column = replace(column, kind="numeric")
    return as_numbers(raw, column).alias(raw.name)


def infer_task(targets: pl.DataFrame) -> Task:
    """Two values: binary; text or few whole numbers: multiclass; or regression."""
    if targets.width > 1:
        return "regression"
    column = targets.to_series().drop_nulls()
    values = column.n_unique()
    if values == 2:
        return "binary"
    if not column.dtype.is_numeric():
        return "multiclass"
    whole = not column.dtype.is_float() or bool((column == column.round()).all())
    return "multiclass" if whole and values <= MOST_CLASSES else "regression"


def check_numbers(targets: pl.DataFrame) -> None:
    """Raise a UserError if a target is no number."""
    for column in targets:
        if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
            raise UserError(
                f"target {column.name} is {column.dtype}, and task=regression and "
                "multilabel need numbers"
            )


def class_names(targets: pl.DataFrame, task: str) -> list[str]:
    """Find the classes in their order: alphabetical, or numerical for numbers.

    There are none for a task of real values.
    """
    if task not in ("binary", "multiclass"):
        check_numbers(targets)
        return []
    if targets.width > 1:
        raise UserError(f"task={task} takes one target, got {targets.columns}")
    column = targets.to_series().drop_nulls()
    classes = column.unique().sort()
    real = column.dtype.is_float() and (column != column.round()).any()
    if real and len(classes) > MOST_CLASSES:
        raise UserError(
            f"target {column.name} holds real values, and task={task} needs classes: "
            "choose task=regression"
        )
    names = as_text(classes).to_list()
    if len(names) < 2:
        raise UserError(
            f"target {column.name} is {names[0]} in every row: there is nothing to "
            "predict"
        )
    return names


def encode_targets(targets: pl.DataFrame, classes: Sequence[str]) -> Tensor:
    """Class indices [rows], or values [rows, targets], of rows with all targets."""
    if classes:
        return as_tensor(class_indices(targets.to_series(), classes).drop_nulls())
    values = targets.drop_nulls().cast(pl.Float64).to_numpy()
    return torch.tensor(values, dtype=torch.get_default_dtype())


def class_indices(values: pl.Series, classes: Sequence[str]) -> pl.Series:
    """Find the class index of each value, null where the value is missing.

    A value is a class by its text or, failing that, by its number: a file may have 1.0
    where the training table has 1, and 1 or True where it has true.
    """
    text = as_text(values)
    spellings = [plain_text(name) for name in classes]
    counts = Counter(spellings)
    known = {name: i for i, name in enumerate(spellings) if counts[name] == 1}
    known |= {name.strip(): i for i, name in enumerate(classes)}
    found = {
        value: known.get(value, known.get(plain_text(value)))
        for value in text.drop_nulls().unique()
    }
    indices = text.replace_strict(found, default=None, return_dtype=pl.Int64)
    unknown = (indices.is_null() & text.is_not_null()).arg_true()
    if len(unknown):
        row = int(unknown[0])
        some = ", ".join(classes[:MOST_NAMES]) + ", …" * (len(classes) > MOST_NAMES)
        problem = f"{text[row]!r} is none of the model's classes: {some}"
        raise CellError(f"target {values.name}", row, problem)
    return indices


def plain_text(text: str) -> str:
    """One spelling of a number or truth value: ``1.0`` for 1, 01, true and True."""
    try:
        return str(float({"true": "1", "false": "0"}.get(text.lower(), text)))
    except ValueError:
        return text
