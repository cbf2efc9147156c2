"""Splitting rows into training, validation and test, or into folds."""

import math
import warnings
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    train_test_split,
)
from torch import Tensor

from litmlp.data.samples import Samples
from litmlp.errors import UserError

Rows = NDArray[np.int64]

NUM_DRAWS = 20
"""Random draws of whole groups, of which the draw nearest to the fractions is taken."""


def split_rows(
    samples: Samples,
    *,
    test_share: float,
    validation_share: float,
    seed: int,
    num_folds: int | None = None,
    fold: int = 0,
) -> dict[str, Tensor]:
    """Row indices [N] of ``train``, ``val`` and ``test``; empty splits are left out.

    Rows whose split is given keep it; a split that is not given is cut from the other
    rows: the latest rows if they have times, whole groups if they have groups, random
    rows otherwise. Classes keep their fractions in every split (stratification) as far
    as groups allow, but not where times decide.

    Args:
        test_share, validation_share: fractions of the rows whose split is not given, in
            [0, 1), rounded up.
        seed: the same seed gives the same rows.
        num_folds: cut all rows into this many folds, of which one is the test split.
        fold: index of the test fold.

    Raises:
        UserError: no rows are left to train on, a class is too small to be split or
            has no training rows, or folds of rows whose split or time is given.
    """
    rows = {name: given.numpy() for name, given in samples.given.items()}
    if num_folds is None:
        free = np.ones(len(samples.inputs), dtype=bool)
        for given in rows.values():
            free[given] = False
        rows["train"] = np.flatnonzero(free)
    else:
        rows["train"], rows["test"] = take_fold(samples, num_folds, fold, seed)
    count = len(rows["train"]) if num_folds is None else len(samples.inputs)
    for name, fraction in (("test", test_share), ("val", validation_share)):
        # Rounded first: 0.07 · 100 is 7.000000000000001.
        size = math.ceil(round(fraction * count, 9))
        if name in rows or not size:
            continue
        if size >= len(rows["train"]):
            raise UserError(
                f"data.test_share={test_share} and data.validation_share="
                f"{validation_share} leave no rows of {count} to train on"
            )
        rows["train"], rows[name] = take_rows(samples, rows["train"], size, name, seed)
    for name in ("val", "test") if num_folds is None else ("val",):
        if len(rows.get(name, [])) == 1:
            raise UserError(f"a {name} split of one row of {count} measures nothing")
    check_training_classes(samples, rows)
    return {
        name: torch.from_numpy(np.sort(rows[name]))
        for name in ("train", "val", "test")
        if name in rows
    }


def take_rows(
    samples: Samples, rows: Rows, size: int, name: str, seed: int
) -> tuple[Rows, Rows]:
    """Cut rows into those that stay and about ``size`` rows for the split ``name``."""
    if samples.times is not None:
        ordered = rows[np.argsort(samples.times.numpy()[rows], kind="stable")]
        return ordered[:-size], ordered[-size:]
    if samples.groups is not None:
        return take_groups(samples, rows, size, name, seed)
    labels = labels_of(samples)
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
            f"among them: {str(error)[:200]}: leave out a class of few rows, or join "
            "it to another"
        ) from error
    return stay, taken


def take_groups(
    samples: Samples, rows: Rows, size: int, name: str, seed: int
) -> tuple[Rows, Rows]:
    """Cut whole groups: the draw that is nearest to the fraction in every class."""
    assert samples.groups is not None
    groups = samples.groups.numpy()[rows]
    labels = labels_of(samples)
    classes = np.zeros(len(rows), dtype=int) if labels is None else labels[rows]
    sizes = np.bincount(classes)
    fraction = size / len(rows)

    def distance(draw: tuple[Rows, Rows]) -> float:
        taken = np.bincount(classes[draw[1]], minlength=len(sizes))
        return float(np.abs(taken / sizes.clip(1) - fraction).sum())

    draws = GroupShuffleSplit(NUM_DRAWS, test_size=fraction, random_state=seed)
    try:
        stay, taken = min(draws.split(rows, groups=groups), key=distance)
    except ValueError as error:
        raise UserError(
            f"data.group: {len(np.unique(groups))} groups are too few to take some "
            f"for {name} and leave some to train on"
        ) from error
    return rows[stay], rows[taken]


def take_fold(
    samples: Samples, num_folds: int, fold: int, seed: int
) -> tuple[Rows, Rows]:
    """Cut all rows into those of the other folds and those of one fold."""
    if samples.given:
        raise UserError(
            f"data.num_folds={num_folds} cuts all rows into folds: leave out "
            "data.test_path, data.validation_path, data.split_column and data.time"
        )
    if not 0 <= fold < num_folds:
        raise UserError(
            f"data.num_folds={num_folds} data.fold={fold}: needs a fold from 0 to "
            f"{num_folds - 1}"
        )
    every = np.arange(len(samples.inputs))
    folds = fold_indices(samples, every, num_folds, seed, key="data.num_folds")
    return np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


def fold_indices(
    samples: Samples, rows: Rows, num_folds: int, seed: int, key: str
) -> Rows:
    """Cut rows into folds: returns the index of each row's fold.

    Classes keep their fractions in every fold, as far as whole groups allow.

    Args:
        key: of the config, that says how many folds.
    """
    if samples.times is not None:
        raise UserError(
            f"{key}={num_folds}: folds mix earlier and later rows: leave out data.time"
        )
    labels = labels_of(samples)
    labels = None if labels is None else labels[rows]
    groups = None if samples.groups is None else samples.groups.numpy()[rows]
    most = len(rows if groups is None else np.unique(groups))
    if not 2 <= num_folds <= most:
        raise UserError(
            f"{key}={num_folds}: needs 2 folds or more, and not more than the {most} "
            f"{'rows' if groups is None else 'groups'}"
        )
    kind = {
        (False, False): KFold,
        (True, False): StratifiedKFold,
        (False, True): GroupKFold,
        (True, True): StratifiedGroupKFold,
    }[labels is not None, groups is not None]
    splitter = kind(num_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class of few rows may be in some folds only.
        warnings.filterwarnings("ignore", message="The least populated class")
        try:
            parts = list(splitter.split(rows, labels, groups))
        except ValueError as error:
            raise UserError(f"{key}={num_folds}: {error}") from error
    folds = np.empty(len(rows), dtype=np.int64)
    for index, (_, taken) in enumerate(parts):
        folds[taken] = index
    return folds


def labels_of(samples: Samples) -> Rows | None:
    """Class index per row [rows], the likeliest one of a soft target; else None."""
    if not samples.class_names:
        return None
    soft = samples.targets.ndim == 2
    labels: Rows = (samples.targets.argmax(1) if soft else samples.targets).numpy()
    return labels


def check_training_classes(samples: Samples, rows: Mapping[str, Rows]) -> None:
    """Raise a UserError if a class has rows in validation or test only."""
    labels = labels_of(samples)
    if labels is None:
        return
    missing = np.setdiff1d(labels, labels[rows["train"]])
    if len(missing):
        names = ", ".join(samples.class_names[label] for label in missing[:5])
        raise UserError(f"no training rows of class {names}: each class needs some")
