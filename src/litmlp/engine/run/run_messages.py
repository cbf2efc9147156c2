"""Texts about a run: its plan before it is trained, and its result."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer
from omegaconf import DictConfig, OmegaConf
from rich.table import Table

from litmlp.data.data_module import Data
from litmlp.data.samples import Column, ColumnFacts
from litmlp.engine.config.hyperparameters import NOT_CHOSEN, hyperparameters
from litmlp.engine.config.launch_command import this_command
from litmlp.engine.diagnosis.advice_before_training import advice
from litmlp.engine.folder import checkpoints
from litmlp.engine.folder.loggers import TensorBoard
from litmlp.engine.folder.provenance import git_commit, versions
from litmlp.engine.folder.run_folder import Summary
from litmlp.engine.folder.saved_config import as_yaml
from litmlp.engine.run.console_tables import model_table, show_columns
from litmlp.engine.run.prepare import Run
from litmlp.engine.run.split_metrics import metrics_table
from litmlp.engine.terminal.console import shortest, show, table
from litmlp.ensemble import Ensemble

MAIN = ("data", "model", "activation", "loss", "optimizer")
"""Groups of options that say what is trained."""

MOST_COLUMNS = 100
"""A longer table of columns is cut."""


def announce(run: Run, point: checkpoints.Resumable | None = None) -> None:
    """Describe a run on the console, in the log and in TensorBoard, before it is fit.

    Args:
        run: built.
        point: the checkpoint that the run goes on from; None for a fresh start.
    """
    show_choices(run.config)
    show_columns(run.data)
    show_plan(run.data, run.trainer)
    layers = show(network_table(run))
    for line in advice(run.config, run.model.takes):
        show(f"advice       {line}")
    show_precision(run)
    checkpoints.rewind(run.trainer.loggers, point)
    if point:
        show(f"goes on      after {point.content['global_step']:,} iterations")
    else:
        announce_to_loggers(run, layers)


def say_result(folder: Path, summary: Summary) -> None:
    """Show the metrics of a run, the doctor's findings, and where to look further."""
    show(metrics_table(summary["metrics"], summary["baselines"]))
    if undefined := [t for t, v in summary["metrics"].items() if v is None or v != v]:
        show(f"undefined    {', '.join(undefined)}: no number for these rows")
    for finding in summary["doctors_note"]:
        show(f"doctor       {finding}")
    show(f"folder       {shortest(folder)}")
    show(f"look at it   tensorboard --logdir {shortest(folder)}")


def network_table(run: Run) -> Table:
    """Return the table of a run's network; of an ensemble, that of the first one."""
    model, row = run.model, run.data.split_features["train"][:1]
    if not isinstance(model.network, Ensemble):
        return model_table(model, row)
    total = sum(parameter.numel() for parameter in model.parameters())
    count = len(model.network.members)
    show(f"ensemble     {count} networks, {total:,} parameters; the first network:")
    return model_table(model.shown_network, row)


def show_choices(config: DictConfig) -> None:
    """Show what is trained, and the choices that are no defaults."""
    if not (choices := this_command().choices):
        return
    main: dict[str, Any] = {group: choices.get(group) for group in MAIN}
    layers = "activation" in config.model and config.model.get("hidden_sizes") != []
    if not (layers and OmegaConf.is_interpolation(config.model, "activation")):
        del main["activation"]
    main["optimizer.lr"] = config.optimizer.get("lr")
    named = (f"{key}={value}" for key, value in main.items())
    show(f"trains       {' '.join(named)}")
    if own := own_choices():
        show(f"not default  {' '.join(own)}")


def own_choices() -> list[str]:
    """Return the overrides that say what is trained, as they were typed."""
    overrides = this_command().overrides
    return [text for text in overrides if not NOT_CHOSEN.search(text.lstrip("+~"))]


def show_precision(run: Run) -> None:
    """Say in which precision a run trains, if that is not the one of its config."""
    asked, used = str(run.config.trainer.get("precision")), str(run.trainer.precision)
    if asked.startswith("16") and used.startswith("bf16"):
        show(f"advice       a CPU has no {asked}: this run trains in {used}")


def show_plan(data: Data, trainer: Trainer) -> None:
    """Show how many rows, batches and iterations a run has."""
    batches = data.train_batches
    limit = trainer.limit_train_batches
    most = int(len(batches) * limit) if isinstance(limit, float) else limit
    per_epoch = math.ceil(min(len(batches), most) / trainer.accumulate_grad_batches)
    max_epochs = trainer.max_epochs if trainer.max_epochs is not None else -1
    totals = [] if max_epochs == -1 else [max_epochs * per_epoch]
    totals += [] if trainer.max_steps == -1 else [trainer.max_steps]
    plan = table("gradient descent", "")
    for split, rows in data.rows.items():
        plan.add_row(f"{split} samples", f"{len(rows):,}")
    plan.add_row("columns", f"{len(data.samples.columns):,}")
    kind = "classes" if data.samples.class_names else "targets"
    plan.add_row(kind, f"{data.facts['num_outputs']:,}")
    plan.add_row("batch size", f"{batches.sizes[0]:,}")
    plan.add_row("iterations per epoch", f"{per_epoch:,}")
    plan.add_row(
        "iterations in all", f"{min(totals):,}" if totals else "as time allows"
    )
    show(plan)


def announce_to_loggers(run: Run, layers: str) -> None:
    """Log the hyperparameters, and fill the text tab of TensorBoard."""
    command = this_command()
    chosen = hyperparameters(run.config, command.choices)
    for logger in run.trainer.loggers:
        if not isinstance(logger, TensorBoard):
            logger.log_hyperparams(chosen)
        else:
            own = [] if command.in_sweep else own_choices()
            logger.begin_session(chosen, " ".join(own))
            logger.log_texts(pages(run, command.overrides, layers))
            if run.trainer.num_devices > 1:
                logger.close()  # its thread would not live on in forked processes


def pages(run: Run, overrides: Sequence[str], layers: str) -> dict[str, str]:
    """Return the pages of TensorBoard's text tab: Markdown by tag.

    Args:
        run: built.
        overrides: as they were typed.
        layers: the table of the network's layers.
    """
    data, report = run.data, run.data.samples.column_report
    facts = versions() | {"git commit": git_commit() or "none"}
    return {
        "config": fenced(as_yaml(run.config), "yaml"),
        "overrides": fenced("\n".join(overrides) or "none"),
        "data": grid(("split", "rows"), [(s, len(r)) for s, r in data.rows.items()])
        + "\n\n"
        + grid(("column", "kind", "categories"), described(data.samples.columns))
        + ("\n\n" + grid(ColumnFacts._fields, report) if report else ""),
        "model": fenced(layers),
        "versions": grid(("what", "version"), facts.items()),
    }


def described(columns: Sequence[Column]) -> list[tuple[str, str, str]]:
    """Return name, kind and first categories of each column."""
    rows = [(c.name, c.kind, ", ".join(c.categories[:10])) for c in columns]
    cut = [("…", "", f"{len(rows) - MOST_COLUMNS} more")]
    return rows[:MOST_COLUMNS] + (cut if len(rows) > MOST_COLUMNS else [])


def fenced(text: str, language: str = "") -> str:
    """Return a Markdown block of plain text."""
    return f"```{language}\n{text.rstrip()}\n```"


def grid(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
