"""Operations that ONNX or its runtime lacks or spoils, in those that they have."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

MIDDLE = (
    (3.387132872796366608, 133.14166789178437745, 1971.5909503065514427,
     13731.693765509461125, 45921.953931549871457, 67265.770927008700853,
     33430.575583588128105, 2509.0809287301226727),
    (1.0, 42.313330701600911252, 687.1870074920579083,
     5394.1960214247511077, 21213.794301586595867, 39307.89580009271061,
     28729.085735721942674, 5226.495278852854561),
)  # fmt: skip  # three lines per polynomial, as in the paper
NEAR = (
    (1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055,
     3.64784832476320460504, 1.27045825245236838258, 0.24178072517745061177,
     0.0227238449892691845833, 7.7454501427834140764e-4),
    (1.0, 2.05319162663775882187, 1.6763848301838038494,
     0.68976733498510000455, 0.14810397642748007459, 0.0151986665636164571966,
     5.475938084995344946e-4, 1.05075007164441684324e-9),
)  # fmt: skip
FAR = (
    (6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358,
     0.29656057182850489123, 0.026532189526576123093, 1.2426609473880784386e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 0.59983220655588793769, 0.13692988092273580531,
     0.0148753612908506148525, 7.868691311456132591e-4, 1.8463183175100546818e-5,
     1.4215117583164458887e-7, 2.04426310338993978564e-15),
)  # fmt: skip


def searchsorted(ordered: Tensor, values: Tensor, *, right: bool = False) -> Tensor:
    """Return the places [F, B] of values [F, B] in ordered rows [F, Q], as torch does.

    It bisects for all values at once, in as many steps as Q has binary digits.
    """
    count = ordered.shape[-1]
    steps = count.bit_length()
    # Entry i is the one before place i; the added ones are below and above all values.
    before = F.pad(ordered, (1, 0), value=-torch.inf)
    before = F.pad(before, (0, 2**steps - count - 1), value=torch.inf)
    place = torch.zeros_like(values, dtype=torch.long)
    for step in range(steps):
        further = place + 2 ** (steps - 1 - step)
        entry = before.gather(-1, further)
        fits = entry <= values if right else entry < values
        place = torch.where(fits, further, place)
    return place.clamp(max=count)


def normal_quantile(fractions: Tensor) -> Tensor:
    """Return the normal quantile where 0 < fraction < 1, to all digits.

    Source: Wichura 1988, algorithm AS 241 (PPND16), https://doi.org/10.2307/2347330
    """
    exact = fractions.double()
    # As tensors, since plain numbers would enter the graph with 7 digits.
    width, start = exact.new_tensor(0.425**2), exact.new_tensor(1.6)
    offset = exact - 0.5
    middle = offset * ratio(MIDDLE, width - offset.square())
    depth = (-torch.minimum(exact, 1 - exact).log()).sqrt()
    outer = torch.where(depth <= 5, ratio(NEAR, depth - start), ratio(FAR, depth - 5))
    outer = torch.where(offset < 0, -outer, outer)
    return torch.where(offset.abs() <= 0.425, middle, outer).to(fractions.dtype)


def ratio(polynomials: Sequence[Sequence[float]], x: Tensor) -> Tensor:
    """Return (a₀ + a₁x + a₂x² + …) / (b₀ + b₁x + b₂x² + …)."""
    powers = x.unsqueeze(-1).pow(torch.arange(len(polynomials[0])))
    above, below = ((powers * x.new_tensor(c)).sum(-1) for c in polynomials)
    return above / below


def rrelu(
    inputs: Tensor,
    lower: float,
    upper: float,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """Apply RReLU as in evaluation, with the mean slope below zero."""
    return F.leaky_relu(inputs, (lower + upper) / 2)


def gelu(inputs: Tensor, approximate: str = "none") -> Tensor:
    """Apply GELU to 7 digits, since onnxruntime has no float64 for it."""
    return F.gelu(inputs.float(), approximate=approximate).to(inputs.dtype)


def log_sigmoid(inputs: Tensor) -> Tensor:
    """Apply log(sigmoid) without the −∞ that ONNX has far below zero."""
    return -F.softplus(-inputs)


class OnnxOperations(TorchFunctionMode):
    """Replaces functions of torch by those above, while a model is traced for ONNX."""

    replaced: Mapping[Any, Callable[..., Tensor]] = {
        torch.searchsorted: searchsorted,
        torch.special.ndtri: normal_quantile,
        F.rrelu: rrelu,
        F.gelu: gelu,
        F.logsigmoid: log_sigmoid,
    }

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        return self.replaced.get(func, func)(*args, **(kwargs or {}))
