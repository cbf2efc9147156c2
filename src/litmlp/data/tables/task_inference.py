"""The task that a table's targets ask for, and the targets as it takes them."""

from collections.abc import Sequence

import polars as pl
import torch
from polars import selectors as cs
from torch import Tensor

from litmlp.data.samples import Task
from litmlp.data.tables.column_kinds import as_text, recognized
from litmlp.errors import UserError

MOST_CLASSES = 20
"""A whole-number target with more distinct values than this is a regression."""


def read_targets(table: pl.DataFrame, names: Sequence[str], task: str) -> pl.DataFrame:
    """The target columns; what is missing or not finite is null.

    Raises:
        UserError: numbers with some text among them, when classes are not asked for.
    """
    for_classes = task in ("binary", "multiclass")
    otherwise = None if for_classes else "take the target as classes by task=multiclass"
    targets = pl.DataFrame([recognized(table[name], otherwise) for name in names])
    return targets.with_columns(pl.when(cs.float().is_finite()).then(cs.float()))


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


def real_values(targets: pl.DataFrame) -> Tensor:
    """Values [rows, targets] in torch's default type.

    Raises:
        UserError: a target is no number.
    """
    for column in targets:
        if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
            raise UserError(
                f"target {column.name} is {column.dtype}, and task=regression needs "
                "numbers"
            )
    return torch.tensor(targets.to_numpy(), dtype=torch.get_default_dtype())


def class_names(targets: pl.DataFrame, task: str) -> list[str]:
    """The classes in their order: alphabetical, or by number.

    Raises:
        UserError: several targets, real values, or one value in every row.
    """
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


def class_indices(targets: pl.DataFrame, classes: Sequence[str]) -> Tensor:
    """The class of each row [rows].

    Raises:
        UserError: a class that is none of these.
    """
    column = as_text(targets.to_series())
    indices = index_of_class(column, classes)
    if indices.null_count():
        unknown = column.filter(indices.is_null()).unique().sort()
        raise UserError(
            f"target {column.name}: no training rows of class "
            f"{', '.join(unknown[:5])}. Classes: {', '.join(classes[:5])}"
            + (", …" if len(classes) > 5 else "")
        )
    return torch.from_numpy(indices.to_numpy().copy())


def index_of_class(values: pl.Series, classes: Sequence[str]) -> pl.Series:
    """The index of each text among the classes, null where it is none of them.

    A value is a class by its text or, failing that, by the number that it says: a file
    may have 1.0 where the training table has 1, and 1 or True for true.
    """
    plain = [plain_text(name) for name in classes]
    known = {text: i for i, text in enumerate(plain) if plain.count(text) == 1}
    known |= {name: i for i, name in enumerate(classes)}
    found = {
        value: known.get(value, known.get(plain_text(value)))
        for value in values.drop_nulls().unique()
    }
    return values.replace_strict(found, default=None, return_dtype=pl.Int64)


def plain_text(text: str) -> str:
    """One spelling of a number or truth value: ``1.0`` for 1, 01, true and True."""
    try:
        return str(float({"true": "1", "false": "0"}.get(text.lower(), text)))
    except ValueError:
        return text
