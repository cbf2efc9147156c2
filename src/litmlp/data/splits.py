"""Which rows are for training, validation and test."""

import math

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import Tensor

from litmlp.data.samples import Samples
from litmlp.errors import UserError


def split_rows(
    samples: Samples, *, test_share: float, validation_share: float, seed: int
) -> dict[str, Tensor]:
    """Row indices of ``train``, ``val`` and ``test``; a split of no rows is left out.

    Classes keep their shares in every split (stratification).

    Args:
        test_share, validation_share: shares of all rows, in [0, 1).
        seed: the same seed gives the same rows.

    Raises:
        UserError: no rows are left to train on, or a class is too small to be split.
    """
    train = np.arange(len(samples.inputs))
    rows: dict[str, Tensor] = {}
    for name, share in (("test", test_share), ("val", validation_share)):
        count = math.ceil(share * len(samples.inputs))
        if count == 0:
            continue
        if count >= len(train):
            raise UserError(
                f"data.test_share={test_share} and data.validation_share="
                f"{validation_share} leave no rows of {len(samples.inputs)} to train on"
            )
        labels = samples.targets.numpy()[train] if samples.class_names else None
        try:
            train, taken = train_test_split(
                train, test_size=count, random_state=seed, stratify=labels
            )
        except ValueError as error:
            raise UserError(
                f"cannot take {count} of {len(train)} rows for {name} with every class "
                f"in its share: {error}"
            ) from error
        rows[name] = torch.from_numpy(np.sort(taken))
    rows["train"] = torch.from_numpy(np.sort(train))
    return {name: rows[name] for name in ("train", "val", "test") if name in rows}
