"""Which rows are for training, validation and test."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from torch import Tensor

from litmlp.data.samples import Samples
from litmlp.errors import UserError

Rows = NDArray[np.int64]


def split_rows(
    samples: Samples,
    *,
    test_share: float,
    validation_share: float,
    seed: int,
    num_folds: int | None = None,
    fold: int = 0,
) -> dict[str, Tensor]:
    """Row numbers of ``train``, ``val`` and ``test``; a split of no rows is left out.

    Classes keep their shares in every split (stratification).

    Args:
        test_share, validation_share: shares of all rows, in [0, 1), rounded up.
        seed: the same seed gives the same rows.
        num_folds: cut all rows into that many folds, of which one is the test.
        fold: which one, from 0.

    Raises:
        UserError: no rows are left to train on, or a class is too small to be split.
    """
    count = len(samples.inputs)
    train, rows = np.arange(count), {}
    labels = None
    if samples.class_names:
        soft = samples.targets.ndim == 2
        labels = (samples.targets.argmax(1) if soft else samples.targets).numpy()
    if num_folds is not None:
        train, rows["test"] = take_fold(train, labels, num_folds, fold, seed)
        test_share = 0
    for name, share in (("test", test_share), ("val", validation_share)):
        # Rounded first: 0.07 · 100 is 7.000000000000001.
        size = math.ceil(round(share * count, 9))
        if size >= len(train):
            raise UserError(
                f"data.test_share={test_share} and data.validation_share="
                f"{validation_share} leave no rows of {count} to train on"
            )
        if size == 1:
            raise UserError(f"a {name} split of one row of {count} measures nothing")
        if size:
            train, rows[name] = take(train, labels, size, name, seed)
    rows["train"] = train
    return {
        name: torch.from_numpy(np.sort(rows[name]))
        for name in ("train", "val", "test")
        if name in rows
    }


def take(
    rows: Rows, labels: Rows | None, size: int, name: str, seed: int
) -> tuple[Rows, Rows]:
    """The rows that stay, and ``size`` rows of them taken out."""
    try:
        stay, taken = train_test_split(
            rows,
            test_size=size,
            random_state=seed,
            stratify=None if labels is None else labels[rows],
        )
    except ValueError as error:
        raise UserError(
            f"cannot take {size} of {len(rows)} rows for {name} with every class "
            f"in its share: {str(error)[:200]}"
        ) from error
    return stay, taken


def take_fold(
    rows: Rows, labels: Rows | None, num_folds: int, fold: int, seed: int
) -> tuple[Rows, Rows]:
    """The rows of the other folds, and those of one."""
    if not 2 <= num_folds <= len(rows) or not 0 <= fold < num_folds:
        raise UserError(
            f"data.num_folds={num_folds} data.fold={fold}: needs 2 folds or more, not "
            f"more than the {len(rows)} rows, and a fold from 0 to {num_folds - 1}"
        )
    kind = KFold if labels is None else StratifiedKFold
    folds = kind(num_folds, shuffle=True, random_state=seed).split(rows, labels)
    stay, taken = list(folds)[fold]
    return rows[stay], rows[taken]
