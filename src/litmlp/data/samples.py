"""What every data source gives: a matrix of features and a target a row."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Rows in memory.

    Attributes:
        inputs: raw features [rows, features], floating point.
        targets: class indices [rows], or real values [rows, targets].
        feature_names: one a column of ``inputs``.
        target_names: one a target; a single one for classes.
        class_names: in the order of the class indices; empty for real values.
    """

    inputs: Tensor
    targets: Tensor
    feature_names: Sequence[str]
    target_names: Sequence[str]
    class_names: Sequence[str] = ()
