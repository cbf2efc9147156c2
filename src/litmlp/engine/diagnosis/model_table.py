"""A network as a table: layers, shapes, weights and biases."""

from typing import Any

import torch
from rich.table import Table
from torch import Tensor, nn

from litmlp.engine.diagnosis.layer_trace import DROPOUTS
from litmlp.engine.terminal.console import table


def model_table(model: nn.Module, inputs: Tensor) -> Table:
    """Each layer's output shape, weights and biases, and their totals.

    Args:
        model: it is run once, in evaluation mode; a part that is not run has no row.
        inputs: a row or more to run it on.
    """
    rows: list[tuple[str, str, str, int, int]] = []
    names = {module: name for name, module in model.named_modules()}

    def note(module: nn.Module, inputs: Any, outputs: Any) -> None:
        at_rest = isinstance(module, DROPOUTS)
        if outputs is inputs[0] and not at_rest:
            return  # nothing happens here: an Identity, an encoding of no categories
        parameters = dict(module.named_parameters(recurse=False))
        biases = sum(p.numel() for n, p in parameters.items() if n == "bias")
        weights = sum(p.numel() for p in parameters.values()) - biases
        if isinstance(outputs, Tensor):
            shape = " × ".join(["batch", *map(str, outputs.shape[1:])])
            kind = type(module).__name__
            name = names[module].removeprefix("network.")
            rows.append((name or kind, kind, shape, weights, biases))

    leaves = [module for module in model.modules() if not any(module.children())]
    hooks = [leaf.register_forward_hook(note) for leaf in leaves]
    training = model.training
    model.eval()
    with torch.inference_mode():
        model(inputs)
    model.train(training)
    for hook in hooks:
        hook.remove()

    result = table("layer", "kind", "output", "weights", "biases")
    for name, kind, shape, weights, biases in rows:
        result.add_row(name, kind, shape, f"{weights:,}", f"{biases:,}")
    total = sum(p.numel() for p in model.parameters())
    result.add_section()
    result.add_row(
        f"{total:,} parameters",
        "",
        "",
        f"{sum(row[3] for row in rows):,}",
        f"{sum(row[4] for row in rows):,}",
    )
    return result
