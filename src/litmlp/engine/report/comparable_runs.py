"""Problems: groups of runs with the same data, task and monitored metric."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from litmlp.engine.folder.sweep_folder import SEED
from litmlp.engine.report.problem import Problem
from litmlp.engine.report.runs_table import VALUE, Runs


def find_problems(runs: Runs) -> Iterator[Problem]:
    """Yield every problem in which some run has a value to compare."""
    for (name,), table in runs.table.group_by("problem", maintain_order=True):
        measured = table.drop_nulls(VALUE)
        if measured.is_empty():
            continue
        metrics = [tag for tag in runs.metrics if measured[tag].count()]
        varying = [key for key in runs.choices if table[key].n_unique() > 1]
        seeds = [key for key in varying if SEED.match(f"{key}=")]
        choices = [key for key in varying if key not in seeds]
        mode = measured["mode"][0]
        tested = [tag for tag in metrics if tag.endswith("/test")]
        others = [tag for tag in tested if tag != "loss/test"]
        distinct = without_copies(table)
        yield Problem(
            name=str(name),
            monitor=measured["monitor"][0],
            mode=mode,
            test=next(iter([*others, *tested]), None),
            choices=choices,
            seeds=seeds,
            metrics=metrics,
            runs=distinct.with_columns(choice=text_of_choices(choices)).sort(
                VALUE, descending=mode == "max", nulls_last=True
            ),
            copies=len(table) - len(distinct),
        )


def has_diverged(run: Mapping[str, Any]) -> bool:
    """Return whether a run reached its end without a value to compare."""
    return run["status"] == "done" and run[VALUE] is None


def without_copies(table: pl.DataFrame) -> pl.DataFrame:
    """Return one run per config, the latest finished one: copies are no repeats."""
    latest = table.sort(pl.col("status") == "done", "started", descending=True)
    return latest.unique("config_hash", keep="first", maintain_order=True)


def text_of_choices(keys: Sequence[str]) -> pl.Expr:
    """Return ``activation=relu optimizer=sgd``, as a user types it."""
    parts = [pl.format("{}={}", pl.lit(key), pl.col(key)) for key in keys]
    return pl.concat_str(parts or [pl.lit("(all alike)")], separator=" ")
