"""Samples: the raw features and targets that every data source loads."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from torch import Tensor

Kind = Literal["numeric", "boolean", "datetime", "categorical"]
Task = Literal["binary", "multiclass", "multilabel", "regression"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One raw feature.

    Attributes:
        name: as in the file.
        kind: a ``categorical`` column holds the index of its category; the others hold
            numbers (false and true as 0 and 1, times as days since 1970).
        categories: of a categorical column, in the order of the index.
        form: how the training file writes the values: ``$1,234.5`` for numbers with a
            unit and thousands separators, ``%d/%m/%Y`` for dates; empty for plain
            numbers and text.
        missing: words that stand for a missing value; None for the usual ones.
    """

    name: str
    kind: Kind = "numeric"
    categories: Sequence[str] = ()
    form: str = ""
    missing: Sequence[str] | None = None


class ColumnFacts(NamedTuple):
    """One row of the report about a table's columns; ``note`` says what is odd."""

    column: str
    kind: str
    distinct: int
    missing: int
    note: str


@dataclass(frozen=True, kw_only=True)
class Samples:
    """All rows of a data source, in memory.

    Attributes:
        inputs: raw features [rows, columns], floating point; NaN for a missing value,
            −1 for a category that the column does not list.
        targets: class indices [rows], probabilities [rows, classes], or real values
            [rows, targets].
        columns: one per column of ``inputs``.
        target_names: one per target; a single one for classes.
        class_names: in the order of the class indices; empty for real values.
        given: row indices [N] of ``val`` and ``test`` where the data say which rows
            these are; the other rows are still to be split.
        groups: one number per row [rows]; the rows of a group stay in one split.
        times: one number per row [rows]; the latest rows are the test split.
        weights: of each row in the loss [rows], positive; None: all weigh the same.
        numbers: the number of each row in its file [rows]; by default 0, 1, ….
        target_columns: one per target, with the form of its numbers; may be empty.
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
    weights: Tensor | None = None
    numbers: Tensor | None = None
    target_columns: Sequence[Column] = ()
    column_report: Sequence[ColumnFacts] = ()

    @cached_property
    def digest(self) -> str:
        """Hexadecimal digest of inputs, targets and weights as they were read."""
        content = hashlib.sha256()
        weights = [] if self.weights is None else [self.weights]
        for tensor in (self.inputs, self.targets, *weights):
            content.update(tensor.contiguous().cpu().numpy().tobytes())
        return content.hexdigest()


def class_counts(targets: Tensor, num_classes: int) -> list[float]:
    """Rows per class; a soft target [classes] counts for each class by its part."""
    if targets.ndim == 2:
        return targets.sum(dim=0).tolist()
    return targets.bincount(minlength=num_classes).tolist()
