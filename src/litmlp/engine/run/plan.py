"""What is shown before training: the numbers of the gradient descent."""

import math

from lightning.pytorch import Trainer

from litmlp.data.data_module import Data
from litmlp.engine.terminal.console import show, table


def show_columns(data: Data) -> None:
    """Show the kind, values and oddities of each column, if the data report them."""
    if data.samples.column_report:
        shown = table("column", "kind", "distinct", "missing", "note")
        for name, kind, distinct, missing, note in data.samples.column_report:
            shown.add_row(name, kind, f"{distinct:,}", f"{missing:,}", note)
        show(shown)


def show_plan(data: Data, trainer: Trainer) -> None:
    """The numbers of this gradient descent."""
    batches = data.train_batches
    limit = trainer.limit_train_batches
    share = int(len(batches) * limit) if isinstance(limit, float) else limit
    an_epoch = math.ceil(min(len(batches), share) / trainer.accumulate_grad_batches)
    max_epochs = trainer.max_epochs if trainer.max_epochs is not None else -1
    totals = [] if max_epochs == -1 else [max_epochs * an_epoch]
    totals += [] if trainer.max_steps == -1 else [trainer.max_steps]
    plan = table("gradient descent", "")
    for split, rows in data.rows.items():
        plan.add_row(f"{split} samples", f"{len(rows):,}")
    plan.add_row("columns", f"{len(data.samples.columns):,}")
    kind = "classes" if data.samples.class_names else "targets"
    plan.add_row(kind, f"{data.facts['num_outputs']:,}")
    plan.add_row("batch size", f"{batches.sizes[0]:,}")
    plan.add_row("iterations an epoch", f"{an_epoch:,}")
    plan.add_row(
        "iterations in all", f"{min(totals):,}" if totals else "as time allows"
    )
    show(plan)
