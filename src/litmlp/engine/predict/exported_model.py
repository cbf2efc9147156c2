"""A model as an exported file holds it: from raw rows to predictions, and described."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from litmlp.data.samples import Column
from litmlp.engine.predict.trained_model import TrainedModel
from litmlp.supervised import Supervised

MISSING, UNSEEN = -2, -1
"""Codes of a missing category, and of one that the vocabulary lacks."""

INPUTS = {
    "numbers": "[rows, columns that are not categorical]: NaN where missing, "
    "false and true as 0 and 1, times as days since 1970",
    "codes": "[rows, categorical columns]: the index of the category among its "
    f"column's categories, {UNSEEN} for any other, {MISSING} where missing",
}


class Deployed(nn.Module):
    """A model with its preprocessing, from an exported file's inputs to predictions."""

    positions: Tensor

    def __init__(self, model: Supervised, columns: Sequence[Column]) -> None:
        super().__init__()
        self.model = model
        is_code = torch.tensor([column.kind == "categorical" for column in columns])
        numbers_first = is_code.long().argsort(stable=True)
        self.register_buffer("positions", numbers_first.argsort())

    def forward(
        self, numbers: Tensor | None = None, codes: Tensor | None = None
    ) -> Tensor:
        parts = [] if numbers is None else [numbers]
        if codes is not None:
            raw = codes.to(torch.get_default_dtype())
            parts.append(torch.where(codes == MISSING, torch.nan, raw))
        rows = torch.cat(parts, dim=1)[:, self.positions]
        return self.model.to_columns(self.model(self.model.preprocessing(rows)))


def trace(model: TrainedModel) -> ExportedProgram:
    """Return the model's operations, for batches of any size."""
    inputs = empty_inputs(model)
    batch = torch.export.Dim("batch")
    program = torch.export.export(
        Deployed(model.model, model.columns).eval(),
        args=(),
        kwargs=inputs,
        dynamic_shapes={name: {0: batch} for name in inputs},
        strict=False,
    )
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # it names files of this machine
    return program


def empty_inputs(model: TrainedModel) -> dict[str, Tensor]:
    """Return inputs of two rows to trace with: torch takes one row for a constant."""
    return split_inputs(torch.zeros(2, len(model.columns)), model.columns)


def output_name(model: TrainedModel) -> str:
    """Return the name of the output [rows, classes] or [rows, targets]."""
    are_labels = model.prefix == "probability"
    return "probabilities" if model.class_names or are_labels else "values"


def describe(model: TrainedModel) -> str:
    """Return the description of a model that its file holds, as JSON.

    Columns are the raw features; within an input they keep this order.
    """
    description = {
        "columns": [asdict(column) for column in model.columns],
        "target_names": model.target_names,
        "class_names": model.class_names,
        "dropped": model.dropped,
        "inputs": {name: INPUTS[name] for name in empty_inputs(model)},
        "bounds": list(model.bounds),
        "prefix": model.prefix,
        "format_version": 1,
    }
    return json.dumps(description, ensure_ascii=False)


def split_inputs(inputs: Tensor, columns: Sequence[Column]) -> dict[str, Tensor]:
    """Split raw rows [N, columns] into the inputs of an exported model, see ``INPUTS``.

    An input [N, columns of its kind] that would have no columns is left out.
    """
    is_code = torch.tensor([column.kind == "categorical" for column in columns])
    codes = inputs[:, is_code].nan_to_num(nan=MISSING).long()
    parts = {"numbers": inputs[:, ~is_code], "codes": codes}
    return {name: part for name, part in parts.items() if part.shape[1]}
