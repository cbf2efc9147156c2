"""What every data source gives: a matrix of raw features and a target a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from torch import Tensor

Kind = Literal["numeric", "boolean", "datetime", "categorical"]
Task = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One raw feature.

    Attributes:
        name: as in the file.
        kind: a ``categorical`` column holds the index of its category; the others hold
            numbers (false and true as 0 and 1, times as days since 1970).
        categories: of a categorical column, in the order of the index.
    """

    name: str
    kind: Kind = "numeric"
    categories: Sequence[str] = ()


class ColumnFacts(NamedTuple):
    """A row of the report about a table's columns; ``note`` asks for a closer look."""

    column: str
    kind: str
    distinct: int
    missing: int
    note: str


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Rows in memory.

    Attributes:
        inputs: raw features [rows, columns], floating point; NaN where one is missing,
            −1 for a category that is none of the column's.
        targets: class indices [rows], or real values [rows, targets].
        columns: one a column of ``inputs``.
        target_names: one a target; a single one for classes.
        class_names: in the order of the class indices; empty for real values.
        given: row numbers of ``val`` and ``test`` where the data say which they are;
            the other rows are still to be split.
        groups: a number a row [rows]; rows of one group stay together.
        times: a number a row [rows]; the latest rows are the test.
        numbers: of the rows in their file [rows]; by default 0, 1, ….
        column_report: one row per column, to be shown before training; may be empty.
    """

    inputs: Tensor
    targets: Tensor
    columns: Sequence[Column]
    target_names: Sequence[str]
    class_names: Sequence[str] = ()
    given: Mapping[str, Tensor] = field(default_factory=dict)
    groups: Tensor | None = None
    times: Tensor | None = None
    numbers: Tensor | None = None
    column_report: Sequence[ColumnFacts] = ()


def predicted_names(
    target_names: Sequence[str], class_names: Sequence[str] = ()
) -> list[str]:
    """The columns of a table of predictions.

    >>> predicted_names(["pet"], ["cat", "dog"])
    ['predicted_pet', 'probability_cat', 'probability_dog']
    """
    if not class_names:
        return [f"predicted_{name}" for name in target_names]
    probabilities = [f"probability_{name}" for name in class_names]
    return [f"predicted_{target_names[0]}", *probabilities]
