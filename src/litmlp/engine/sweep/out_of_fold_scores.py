"""Predictions of all folds together, each row's by a model not trained on it."""

from collections import defaultdict
from pathlib import Path

import polars as pl
import torch
from omegaconf import DictConfig

from litmlp.callbacks.fold_predictions import FILE
from litmlp.engine.config.instantiate_node import construct_node
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.atomic_files import replace
from litmlp.engine.folder.sweep_folder import run_name
from litmlp.engine.terminal.console import console, table
from litmlp.engine.terminal.wording import number


def gather_folds(sweep: Path) -> None:
    """Write the predictions of all folds together, and show how good they are.

    A sweep over folds leaves ``out_of_fold.csv``; one over other choices, too, leaves a
    file for each of them, ``out_of_fold-<choice>.csv``.
    """
    choices = runs_by_choice(sweep)
    scores: dict[str, dict[str, float]] = {}
    for choice, runs in choices.items():
        config = run_folder.read_config(next(iter(runs.values())))
        if missing := set(range(config.data.num_folds)) - set(runs):
            folds = ", ".join(map(str, sorted(missing)))
            console.print(f"no out-of-fold predictions of {choice}: no fold {folds}")
            continue
        tables = [pl.read_csv(f / FILE, infer_schema=False) for f in runs.values()]
        together = pl.concat(tables).sort(pl.col("row").cast(pl.Int64))
        path = sweep / f"out_of_fold{f'-{choice}' if len(choices) > 1 else ''}.csv"
        replace(path, together.write_csv)
        scores[path.name] = {"rows": len(together), **measure(together, config)}
    if scores:
        names = list(dict.fromkeys(n for values in scores.values() for n in values))
        result = table("out of fold", *names)
        for file, values in scores.items():
            rows, *others = (values.get(name) for name in names)
            result.add_row(file, f"{rows:,}", *map(number, others))
        console.print(result)


def runs_by_choice(sweep: Path) -> dict[str, dict[int, Path]]:
    """Return the folder of each fold's run, by the other overrides."""
    folders = sorted(path.parent for path in sweep.glob(f"*/{FILE}"))
    overrides = {
        folder: run_folder.read_summary(folder)["overrides"] for folder in folders
    }
    shared = set.intersection(*map(set, overrides.values())) if folders else set()
    choices: dict[str, dict[int, Path]] = defaultdict(dict)
    for folder in folders:
        config = run_folder.read_config(folder)
        fold, config.data.fold = config.data.fold, None
        others = [o for o in overrides[folder] if not o.startswith("data.fold=")]
        choices[run_name(others, list(shared), config)][fold] = folder
    return choices


def measure(predictions: pl.DataFrame, config: DictConfig) -> dict[str, float]:
    """Return the metrics of a task on a table of :class:`.FoldPredictions`."""
    if config.task.name in ("regression", "multilabel"):
        values = predictions[:, 2:].cast(pl.Float64).to_torch()
        true, predicted = values.tensor_split(2, dim=1)
        if config.task.name == "multilabel":
            true, config.task.num_outputs = true.long(), true.shape[1]
    else:
        probabilities = predictions[:, 4:]
        classes = [n.removeprefix("probability_") for n in probabilities.columns]
        codes = {name: code for code, name in enumerate(classes)}
        true = torch.tensor([codes[name] for name in predictions.to_series(2)])
        predicted = probabilities.cast(pl.Float64).to_torch()
        if config.task.name == "binary":
            predicted = predicted[:, 1]
        config.task.num_outputs = len(classes)
    metrics = construct_node(config.task.metrics, "task.metrics")
    return {name: float(metrics[name](predicted, true)) for name in metrics}
