"""Tables on the console: the columns of the data, the layers of the network."""

from collections.abc import Sequence

import torch
from rich.table import Table
from torch import Tensor, nn

from litmlp.data.data_module import Data
from litmlp.data.samples import ColumnFacts
from litmlp.engine.diagnosis.network_layers import (
    DROPOUTS,
    ModuleCall,
    record_calls,
    smallest_modules,
)
from litmlp.engine.terminal.console import show, table

MOST_SHOWN = 25
"""Columns that the console shows."""


def show_columns(data: Data) -> None:
    """Show the kind, values and oddities of each column, if the data report them."""
    report = data.samples.column_report
    if not report:
        return
    shown = table("column", "kind", "distinct", "missing", "note")
    for name, kind, distinct, missing, note in shortened(report):
        shown.add_row(name, kind, f"{distinct:,}", f"{missing:,}", note)
    show(shown)
    if (more := len(report) - MOST_SHOWN) > 0:
        show(f"… and {more:,} more columns: in TensorBoard's text tab, data")


def shortened(report: Sequence[ColumnFacts]) -> list[ColumnFacts]:
    """Return the targets, the columns with a note and the first others, in order."""

    def rank(index: int) -> tuple[bool, bool]:
        facts = report[index]
        return facts.kind not in ("target", "time"), not facts.note

    shown = sorted(range(len(report)), key=rank)[:MOST_SHOWN]
    return [report[index] for index in sorted(shown)]


def model_table(model: nn.Module, inputs: Tensor) -> Table:
    """Return a table of each layer's output shape, weights and biases, and the totals.

    Args:
        model: called once, in evaluation mode; a module that is not called has no row.
        inputs: one row or more.
    """
    with record_calls(model, smallest_modules(model)) as calls, torch.inference_mode():
        model(inputs)
    names = {module: name for name, module in model.named_modules()}
    rows = [
        layer_row(names[call.module].removeprefix("network."), call)
        for call in calls
        if isinstance(call.outputs, Tensor) and does_something(call)
    ]
    result = table("layer", "kind", "output", "weights", "biases")
    for name, kind, shape, weights, biases in rows:
        result.add_row(name, kind, shape, f"{weights:,}", f"{biases:,}")
    total = sum(p.numel() for p in model.parameters())
    weights, biases = sum(row[3] for row in rows), sum(row[4] for row in rows)
    result.add_section()
    result.add_row(f"{total:,} parameters", "", "", f"{weights:,}", f"{biases:,}")
    return result


def does_something(call: ModuleCall) -> bool:
    """Return False for an Identity, or an encoding without categories."""
    return call.outputs is not call.inputs or isinstance(call.module, DROPOUTS)


def layer_row(name: str, call: ModuleCall) -> tuple[str, str, str, int, int]:
    """Return name, kind, output shape, and the numbers of weights and of biases."""
    parameters = dict(call.module.named_parameters(recurse=False))
    biases = sum(p.numel() for n, p in parameters.items() if n == "bias")
    weights = sum(p.numel() for p in parameters.values()) - biases
    shape = " × ".join(["batch", *map(str, call.outputs.shape[1:])])
    kind = type(call.module).__name__
    return name or kind, kind, shape, weights, biases
