"""Losses: modules that map outputs and targets to one number."""

from torch import Tensor, nn
from torch.nn.functional import softplus


class LogCosh(nn.Module):
    """Mean of log cosh(output - target): quadratic near zero, then linear.

    With ``takes = "values"`` it gets real values; of classes it gets probabilities and
    one-hot targets. Without it, a loss gets logits and class indices.
    """

    takes = "values"

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        # log cosh(x) = |x| + log(1 + exp(-2|x|)) - log 2
        size = (outputs - targets).abs()
        return (size + softplus(-2 * size) - softplus(size.new_zeros(()))).mean()
