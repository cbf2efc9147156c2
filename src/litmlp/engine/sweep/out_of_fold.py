"""Predictions of all folds together, each row's by a model not trained on it."""

from collections import defaultdict
from pathlib import Path

import polars as pl

from litmlp.callbacks.fold_predictions import FILE
from litmlp.engine.folder import run_folder
from litmlp.engine.folder.atomic_files import replace
from litmlp.engine.folder.sweep_folder import run_name
from litmlp.engine.terminal.console import console


def gather_folds(sweep: Path) -> None:
    """Write the predictions of all folds together.

    A sweep over folds leaves ``out_of_fold.csv``; one over other choices, too, leaves a
    file for each of them, ``out_of_fold-<choice>.csv``.
    """
    choices = runs_by_choice(sweep)
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
