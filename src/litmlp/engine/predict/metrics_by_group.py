"""Metrics per group of rows, and the importance of columns."""

import polars as pl
import torch
from torch import Tensor

from litmlp.engine.predict.evaluate_run import measure_rows
from litmlp.engine.predict.importance import importance
from litmlp.engine.predict.quartiles import quarters
from litmlp.engine.predict.trained_model import TrainedModel
from litmlp.errors import UserError, nearest

MOST_GROUPS = 12
"""Numbers with more distinct values are cut at their quartiles."""


def explain_rows(
    model: TrainedModel,
    inputs: Tensor,
    targets: Tensor,
    others: pl.DataFrame,
    *,
    by: str | None,
    with_importance: bool,
) -> dict[str, pl.DataFrame]:
    """Return the tables ``by_group`` and ``importance``, as far as they are wanted.

    Args:
        inputs, targets: raw rows [N, columns] and their targets.
        others: further columns of these rows.
        by: a feature or one of the other columns, whose values are the groups.
    """
    tables = {}
    if by is not None:
        found = []
        groups = pl.DataFrame({"group": groups_of(by, model, inputs, others)})
        ordered = groups.with_row_index("row").sort("group")
        for (group,), own in ordered.group_by("group", maintain_order=True):
            rows = own["row"].to_list()
            metrics = measure_rows(model, inputs[rows], targets[rows])[1]
            found.append({by: group, "rows": len(rows), **metrics})
        tables["by_group"] = pl.DataFrame(found).fill_nan(None)
    if with_importance:

        @torch.inference_mode()
        def loss_of(inputs: Tensor, targets: Tensor) -> float:
            return float(model.model.compute_loss(model.outputs(inputs), targets))

        names = [column.name for column in model.columns]
        tables["importance"] = importance(loss_of, inputs, targets, names)
    return tables


def groups_of(
    name: str, model: TrainedModel, inputs: Tensor, others: pl.DataFrame
) -> pl.Series:
    """Return the group of each row [N]: a category, a number, or a range of numbers."""
    names = [column.name for column in model.columns]
    if name in others.columns:
        values = others[name]
        numbers = values.cast(pl.Float64, strict=False)  # a CSV file holds text
        if numbers.null_count() == values.null_count():
            values = numbers
    elif name in names:
        position = names.index(name)
        values = pl.Series(inputs[:, position].numpy()).fill_nan(None)
        if model.columns[position].kind == "categorical":
            known = dict(enumerate(model.columns[position].categories))
            names_of_codes = values.replace_strict(known, default="unseen")
            values = names_of_codes.set(values.is_null(), None)
    else:
        raise UserError(f"by={name}: no such column. {nearest(name, names)}")
    if values.dtype.is_float() and values.n_unique() > MOST_GROUPS:
        return quarters(values)
    return values
