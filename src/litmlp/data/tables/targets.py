"""The targets of a table: the task that they ask for, their classes and values."""

from collections import Counter
from collections.abc import Sequence

import polars as pl
from polars import selectors as cs

from litmlp.data.samples import Task
from litmlp.data.tables.column_kinds import FIRST_LINE, as_text, parse_text
from litmlp.errors import UserError

MOST_CLASSES = 20
"""A whole-number target with more distinct values is a regression target."""
MOST_NAMES = 10
"""Class names that a message lists."""


def read_targets(table: pl.DataFrame, names: Sequence[str], task: str) -> pl.DataFrame:
    """Take the target columns of a table; missing and infinite values become null.

    Raises:
        UserError: numbers mixed with text, unless the task is one of classes.
    """
    for_classes = task in ("binary", "multiclass")
    advice = None if for_classes else "take the target as classes: task=multiclass"
    targets = pl.DataFrame([parse_text(table[name], advice) for name in names])
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


def check_numbers(targets: pl.DataFrame) -> None:
    """Raise a UserError if a target is no number."""
    for column in targets:
        if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
            raise UserError(
                f"target {column.name} is {column.dtype}, and task=regression needs "
                "numbers"
            )


def class_names(targets: pl.DataFrame, task: str) -> list[str]:
    """Find the classes in their order: alphabetical, or numerical for numbers.

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


def class_indices(values: pl.Series, classes: Sequence[str]) -> pl.Series:
    """Find the class index of each value, null where the value is missing.

    A value is a class by its text or, failing that, by its number: a file may have 1.0
    where the training table has 1, and 1 or True where it has true.

    Raises:
        UserError: a value is none of the classes.
    """
    text = as_text(values)
    spellings = [plain_text(name) for name in classes]
    counts = Counter(spellings)
    known = {name: i for i, name in enumerate(spellings) if counts[name] == 1}
    known |= {name: i for i, name in enumerate(classes)}
    found = {
        value: known.get(value, known.get(plain_text(value)))
        for value in text.drop_nulls().unique()
    }
    indices = text.replace_strict(found, default=None, return_dtype=pl.Int64)
    unknown = (indices.is_null() & text.is_not_null()).arg_true()
    if len(unknown):
        row = int(unknown[0])
        some = ", ".join(classes[:MOST_NAMES]) + ", …" * (len(classes) > MOST_NAMES)
        raise UserError(
            f"target {values.name}, line {FIRST_LINE + row}: {text[row]!r} is none of "
            f"the model's classes: {some}"
        )
    return indices


def plain_text(text: str) -> str:
    """One spelling of a number or truth value: ``1.0`` for 1, 01, true and True."""
    try:
        return str(float({"true": "1", "false": "0"}.get(text.lower(), text)))
    except ValueError:
        return text
