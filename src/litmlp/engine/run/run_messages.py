"""Texts about a run: its plan before it is trained, and its result."""

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose
from lightning.pytorch import Trainer
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from litmlp.data.data_module import Data
from litmlp.data.samples import Column
from litmlp.engine.config.hyperparameters import NOT_CHOSEN, flat, hyperparameters
from litmlp.engine.diagnosis.config_advice import advice
from litmlp.engine.diagnosis.model_table import model_table
from litmlp.engine.folder import checkpoints
from litmlp.engine.folder.loggers import TensorBoard
from litmlp.engine.folder.provenance import git_commit, versions
from litmlp.engine.folder.run_folder import Summary
from litmlp.engine.folder.saved_config import config_text
from litmlp.engine.run.launch_arguments import this_command
from litmlp.engine.run.prepare import Run
from litmlp.engine.run.test import metrics_table
from litmlp.engine.terminal.console import shortest, show, table
from litmlp.engine.terminal.wording import text_of

MAIN = ("data", "model", "activation", "loss", "optimizer")
"""Groups of options that say what is trained."""

SEVERAL = ("callbacks", "logger")
"""Groups of which several options can be chosen, which Hydra then does not name."""

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
    layers = show(model_table(run.model, run.data.features["train"][:1]))
    for line in advice(run.config, run.model.network, changed_keys(run.config)):
        show(f"advice       {line}")
    show_precision(run)
    checkpoints.rewind(run.trainer.loggers, point)
    if point:
        show(f"goes on      after {point.content['global_step']:,} iterations")
    else:
        announce_in_tensorboard(run, layers)


def say_result(folder: Path, summary: Summary) -> None:
    """Show the metrics of a run, the doctor's findings, and where to look further."""
    show(metrics_table(summary["metrics"]))
    for finding in summary["doctors_note"]:
        show(f"doctor       {finding}")
    show(f"folder       {shortest(folder)}")
    show(f"look at it   tensorboard --logdir {shortest(folder)}")


def show_choices(config: DictConfig) -> None:
    """Show what is trained, and the choices that are no defaults."""
    if not (choices := this_command().choices):
        return
    main: dict[str, Any] = {group: choices.get(group) for group in MAIN}
    shared = OmegaConf.is_interpolation(config.model, "activation")
    if not shared or config.model.get("hidden_sizes") == []:
        del main["activation"]
    main["optimizer.lr"] = config.optimizer.get("lr")
    show(f"trains       {as_overrides(main)}")
    if own := own_choices(config):
        show(f"not default  {as_overrides(own)}")


def own_choices(config: DictConfig) -> dict[str, Any]:
    """Return options and values that are not the default, by the key of each.

    Values that come with another option are none of their own unless they were typed.
    """
    command = this_command()
    if not command.choices:  # Python code has made them
        return {}
    _, default = defaults()
    split = (override.lstrip("+~").partition("=") for override in command.overrides)
    typed = {key: text for key, _, text in split}
    groups = {
        key.rpartition("@")[2]: choice
        for key, choice in command.choices.items()
        if choice != default.get(key) and "/" not in key
    } | {key: typed[key] for key in SEVERAL if key in typed}
    values = {
        key: typed.get(key, value)
        for key, _, value in differences(config)
        if key in typed or not (key.partition(".")[0] in groups or value == "")
    }
    own = {k: v for k, v in (groups | values).items() if not NOT_CHOSEN.search(k)}
    return dict(sorted(own.items(), key=lambda choice: choice[0] not in MAIN))


def as_overrides(choices: Mapping[str, Any]) -> str:
    """Return ``optimizer=sgd optimizer.lr=0.1`` of choices by key."""
    return " ".join(f"{key}={text_of(value)}" for key, value in choices.items())


def changed_keys(config: DictConfig) -> set[str]:
    """Return the top-level keys that differ from the defaults, if Hydra knows them."""
    if not this_command().choices:
        return set()
    return {key.partition(".")[0] for key, _, _ in differences(config)}


def show_precision(run: Run) -> None:
    """Say in which precision a run trains, if that is not the one of its config."""
    asked, used = str(run.config.trainer.get("precision")), str(run.trainer.precision)
    if asked.startswith("16") and used.startswith("bf16"):
        show(f"advice       a CPU has no {asked}: this run trains in {used}")


def show_columns(data: Data) -> None:
    """Show the kind, values and oddities of each column, if the data report them."""
    if data.samples.column_report:
        shown = table("column", "kind", "distinct", "missing", "note")
        for name, kind, distinct, missing, note in data.samples.column_report:
            shown.add_row(name, kind, f"{distinct:,}", f"{missing:,}", note)
        show(shown)


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


def announce_in_tensorboard(run: Run, layers: str) -> None:
    """Fill the HParams and text tabs of TensorBoard."""
    command = this_command()
    for logger in run.trainer.loggers:
        if isinstance(logger, TensorBoard):
            own = {} if command.in_sweep else own_choices(run.config)
            logger.begin_session(
                hyperparameters(run.config, command.choices), as_overrides(own)
            )
            logger.log_texts(pages(run, command.overrides, layers))
            if run.trainer.num_devices > 1:
                logger.close()  # its thread would not live on in forked processes


def pages(run: Run, overrides: Sequence[str], layers: str) -> dict[str, str]:
    """Return the pages of TensorBoard's text tab: Markdown by tag.

    Args:
        run: built; its folder has its config already.
        overrides: as they were typed.
        layers: the table of the network's layers.
    """
    data = run.data
    facts = versions() | {"git commit": git_commit() or "none"}
    return {
        "config": fenced(config_text(run.folder), "yaml"),
        "overrides": fenced("\n".join(overrides) or "none"),
        "differences": grid(("key", "default", "here"), differences(run.config)),
        "data": grid(("split", "rows"), [(s, len(r)) for s, r in data.rows.items()])
        + "\n\n"
        + grid(("column", "kind", "categories"), described(data.samples.columns)),
        "model": fenced(layers),
        "versions": grid(("what", "version"), facts.items()),
    }


def differences(config: DictConfig) -> list[tuple[str, Any, Any]]:
    """Return the keys whose value is not the default, with default and value."""
    here, (default, _) = flat(config), defaults()
    keys = dict.fromkeys([*default, *here])
    found = [(key, default.get(key, ""), here.get(key, "")) for key in keys]
    return [row for row in found if row[1] != row[2] and row[0] != "folder"]


@functools.cache
def defaults() -> tuple[dict[str, Any], dict[str, str]]:
    """Return the config without overrides by dotted keys, and each group's option."""
    composed = compose("train", return_hydra_config=True)
    choices = dict(composed.hydra.runtime.choices)
    with read_write(composed), open_dict(composed):
        del composed["hydra"]
    return flat(composed), choices


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
