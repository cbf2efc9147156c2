"""Data sets: each loads a matrix of features and its targets."""

from dataclasses import dataclass

import torch
from sklearn.datasets import make_moons

from litmlp.data.data_module import Data
from litmlp.data.samples import Column, Samples


@dataclass(kw_only=True, eq=False)
class TwoMoons(Data):
    """Two classes of points that lie in half moons.

    Args:
        num_points: number of points.
        noise: standard deviation of the points around their moon.
    """

    num_points: int = 500
    noise: float = 0.1

    def load(self) -> Samples:
        points, labels = make_moons(self.num_points, noise=self.noise, random_state=0)
        return Samples(
            inputs=torch.tensor(points, dtype=torch.get_default_dtype()),
            targets=torch.tensor(labels),
            columns=[Column(name="x1"), Column(name="x2")],
            target_names=["moon"],
            class_names=["upper", "lower"],
        )
