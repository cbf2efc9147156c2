"""Metrics that torchmetrics lacks."""

import torch
from torch import Tensor
from torchmetrics import regression


class R2Score(regression.R2Score):
    """R²; NaN for a single row, where torchmetrics raises an error."""

    def compute(self) -> Tensor:
        if self.total < 2:
            return torch.tensor(torch.nan, device=self.device)
        return super().compute()
