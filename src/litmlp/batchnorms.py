"""Batch normalization with a place in a block."""

from typing import Literal, get_args

from torch import nn

from litmlp.errors import UserError

Position = Literal["before_activation", "after_activation"]
"""The place of a batchnorm in a block."""


class BatchNorm(nn.BatchNorm1d):
    """``torch.nn.BatchNorm1d`` [batch, features], before or after the activation.

    Source: Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167
    """

    def __init__(
        self,
        num_features: int,
        *,
        position: Position,
        eps: float = 1e-5,
        momentum: float = 0.1,
    ) -> None:
        if position not in get_args(Position):
            raise UserError(
                f"position={position}: must be before_activation or after_activation"
            )
        if not 0 <= momentum <= 1:
            raise UserError(f"momentum must lie between 0 and 1, got {momentum}")
        if not eps > 0:  # torch takes 0, and refuses it in the first batch
            raise UserError(f"eps must be positive, got {eps}")
        super().__init__(num_features, eps=eps, momentum=momentum)
        self.position = position
