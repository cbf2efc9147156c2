"""Data sets that come with scikit-learn: no network needed."""

from dataclasses import dataclass
from typing import Literal

import torch
from sklearn import datasets

from litmlp.data.data_module import Data
from litmlp.data.samples import Column, Samples


@dataclass(kw_only=True, eq=False)
class BundledData(Data):
    """Iris, wine, breast cancer and digits (classes); diabetes (real values).

    Source: https://scikit-learn.org/stable/datasets/toy_dataset.html

    Args:
        name: the data set.
    """

    name: Literal["iris", "wine", "breast_cancer", "digits", "diabetes"]

    def load(self) -> Samples:
        bunch = getattr(datasets, f"load_{self.name}")()
        inputs = torch.tensor(bunch.data, dtype=torch.get_default_dtype())
        columns = [Column(name=str(name)) for name in bunch.feature_names]
        if "target_names" not in bunch:
            return Samples(
                inputs=inputs,
                targets=torch.tensor(bunch.target, dtype=inputs.dtype)[:, None],
                columns=columns,
                target_names=["progression"],
            )
        return Samples(
            inputs=inputs,
            targets=torch.tensor(bunch.target),
            columns=columns,
            target_names=["class"],
            class_names=[str(name) for name in bunch.target_names],
        )
