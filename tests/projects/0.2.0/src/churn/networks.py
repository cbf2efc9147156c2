"""Networks: modules that map [batch, num_features] to [batch, num_outputs]."""

from collections.abc import Callable

from torch import Tensor, nn


class ResidualNetwork(nn.Module):
    """One hidden layer, and a block whose output is added to its input.

    Args:
        num_features: size of a row of the input; the data decide.
        num_outputs: size of a row of the output; the task decides.
        width: number of hidden units.
        activation: makes an activation.
    """

    def __init__(
        self,
        *,
        num_features: int,
        num_outputs: int,
        width: int = 64,
        activation: Callable[[], nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        self.first = nn.Linear(num_features, width)
        self.block = nn.Sequential(
            activation(), nn.Linear(width, width), activation(), nn.Linear(width, width)
        )
        self.last = nn.Linear(width, num_outputs)

    def forward(self, features: Tensor) -> Tensor:
        hidden = self.first(features)
        outputs: Tensor = self.last(hidden + self.block(hidden))
        return outputs
