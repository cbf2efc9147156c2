"""The network: a multilayer perceptron."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar, Union

from torch import Tensor, nn

from litmlp.batchnorms import Position
from litmlp.errors import UserError

Choice = TypeVar("Choice")
PerLayer = Union[Choice, Sequence[Choice]]  # noqa: UP007  # `|` takes no TypeVar alias
Initializer = Callable[[Tensor], Tensor]


class MLP(nn.Module):
    """Fully connected layers: [batch, num_features] → [batch, num_outputs].

    Every hidden layer is a block ``Linear → batchnorm → activation → dropout`` (or with
    the batchnorm after the activation); the output layer is a plain Linear.

    Args:
        num_features: size of a row of the input.
        num_outputs: size of a row of the output.
        input_scale: makes the module before the first layer from ``num_features``.
        hidden_sizes: width of each hidden layer; empty for a linear model.
        activation, batchnorm, dropout: make a fresh module for every hidden layer
            (batchnorm from its width). One for all, or a list with one per hidden
            layer.
        batchnorm_position: the place of batchnorm in the block. One for all, or a list;
            None: the ``position`` of the module, or before the activation.
        initializer: fills the weight of a hidden layer. One for all, or a list.
        output_initializer: fills the weight of the output layer; with zeros the network
            starts from the mean target, or from equal probabilities.
        bias_initializer: fills the bias of a layer in place.
        output_bias_initializer: fills the bias of the output layer; None for the same.
        bias: whether layers have a bias; without it, a neuron is a weighted sum alone.

    Raises:
        UserError: a size below 1, or a list that does not match ``hidden_sizes``.
    """

    def __init__(
        self,
        *,
        num_features: int,
        num_outputs: int,
        hidden_sizes: Sequence[int],
        input_scale: Callable[[int], nn.Module] = nn.Identity,
        activation: PerLayer[Callable[[], nn.Module]] = nn.ReLU,
        initializer: PerLayer[Initializer] = nn.init.kaiming_uniform_,
        output_initializer: Initializer = nn.init.zeros_,
        bias_initializer: Initializer = nn.init.zeros_,
        output_bias_initializer: Initializer | None = None,
        bias: bool = True,
        batchnorm: PerLayer[Callable[[int], nn.Module]] = nn.Identity,
        batchnorm_position: PerLayer[Position] | None = None,
        dropout: PerLayer[Callable[[], nn.Module]] = nn.Identity,
    ) -> None:
        super().__init__()
        sizes = [num_features, *hidden_sizes]
        if min(*sizes, num_outputs) < 1:
            raise UserError(
                f"sizes must be 1 or more, got {sizes} and {num_outputs} outputs"
            )
        depth = len(hidden_sizes)
        activations = per_layer("activation", activation, depth)
        batchnorms = per_layer("batchnorm", batchnorm, depth)
        positions: Sequence[Position | None] = [None] * depth
        if batchnorm_position is not None:
            positions = per_layer("batchnorm_position", batchnorm_position, depth)
        dropouts = per_layer("dropout", dropout, depth)
        self.input_scale = input_scale(num_features)
        self.hidden = nn.Sequential(
            *(
                block(
                    sizes[i],
                    sizes[i + 1],
                    batchnorms[i],
                    activations[i],
                    dropouts[i],
                    bias=bias,
                    position=positions[i],
                )
                for i in range(depth)
            )
        )
        self.output = nn.Linear(sizes[-1], num_outputs, bias=bias)

        fills = [*per_layer("initializer", initializer, depth), output_initializer]
        output_bias = output_bias_initializer or bias_initializer
        bias_fills = [bias_initializer] * depth + [output_bias]
        for linear, fill, bias_fill in zip(
            self.linears, fills, bias_fills, strict=True
        ):
            fill(linear.weight.data)
            if linear.bias is not None:
                bias_fill(linear.bias.data)

    @property
    def linears(self) -> list[nn.Linear]:
        """The linear layers, from the first hidden layer to the output."""
        return [module for module in self.modules() if isinstance(module, nn.Linear)]

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.output(self.hidden(self.input_scale(inputs)))
        return outputs


def block(
    num_inputs: int,
    width: int,
    batchnorm: Callable[[int], nn.Module],
    activation: Callable[[], nn.Module],
    dropout: Callable[[], nn.Module],
    *,
    bias: bool,
    position: Position | None = None,
) -> nn.Sequential:
    """Make a hidden layer: [batch, num_inputs] → [batch, width]."""
    norm = batchnorm(width)
    after = (position or getattr(norm, "position", None)) == "after_activation"
    # A batchnorm subtracts the mean, so a bias right before it would do nothing.
    useful = after or not isinstance(norm, nn.BatchNorm1d)
    linear = nn.Linear(num_inputs, width, bias=bias and useful)
    parts = {"linear": linear, "batchnorm": norm, "activation": activation()}
    if after:
        parts["batchnorm"] = parts.pop("batchnorm")
    return nn.Sequential(OrderedDict(parts, dropout=dropout()))


def per_layer(name: str, choice: PerLayer[Choice], depth: int) -> Sequence[Choice]:
    """Return the choice for each hidden layer, given one for all or a list.

    Raises:
        UserError: the length of the list is not the number of hidden layers.
    """
    if not isinstance(choice, Sequence) or isinstance(choice, str):
        return [choice] * depth
    if len(choice) != depth:
        raise UserError(
            f"{name} has {len(choice)} entries for {depth} hidden layers; "
            "give one for all or one per hidden layer"
        )
    return choice
