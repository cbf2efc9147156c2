"""Runs whose values may be compared: of the same data, task and monitored metric."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from litmlp.engine.folder.sweep_folder import SEED
from litmlp.engine.report.runs_table import Runs

VALUE = "best_value"
"""The column that runs are ranked by: the monitored metric at the best checkpoint."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Runs that may be ranked together.

    Attributes:
        name: what tells it from the other problems; empty if it is the only one.
        monitor: the metric that the runs are ranked by.
        mode: ``min`` if smaller is better, else ``max``.
        test: the metric that says how good a choice is on rows that chose nothing.
        choices: columns in which the runs differ.
        seeds: columns that repeat a run: seeds and folds.
        metrics: columns that some run has a value in.
        runs: a row a config, best first, with a column ``choice``.
        copies: how many more runs there were of these configs.
    """

    name: str
    monitor: str
    mode: str
    test: str | None
    choices: Sequence[str]
    seeds: Sequence[str]
    metrics: Sequence[str]
    runs: pl.DataFrame
    copies: int

    @property
    def measured(self) -> pl.DataFrame:
        """The runs that have a value to compare."""
        return self.runs.drop_nulls(VALUE)

    @property
    def compared(self) -> Sequence[str]:
        """The choices in which those runs differ."""
        runs = self.measured
        return [key for key in self.choices if runs[key].n_unique() > 1]


def problems(runs: Runs) -> Iterator[Problem]:
    """Every problem in which some run has a value to compare."""
    for (name,), table in runs.table.group_by("problem", maintain_order=True):
        measured = table.drop_nulls(VALUE)
        if measured.is_empty():
            continue
        metrics = [tag for tag in runs.metrics if measured[tag].count()]
        varying = [key for key in runs.choices if table[key].n_unique() > 1]
        choices = [key for key in varying if not is_seed(key)]
        mode = measured["mode"][0]
        distinct = without_copies(table)
        yield Problem(
            name=str(name),
            monitor=measured["monitor"][0],
            mode=mode,
            test=main_metric(metrics),
            choices=choices,
            seeds=[key for key in varying if is_seed(key)],
            metrics=metrics,
            runs=distinct.with_columns(choice=text_of_choices(choices)).sort(
                VALUE, descending=mode == "max", nulls_last=True
            ),
            copies=len(table) - len(distinct),
        )


def has_diverged(run: Mapping[str, Any]) -> bool:
    """Whether a run came to its end without a value to compare."""
    return run["status"] == "done" and run[VALUE] is None


def is_seed(key: str) -> bool:
    """Whether an override of that key repeats a run."""
    return SEED.match(f"{key}=") is not None


def main_metric(tags: Sequence[str]) -> str | None:
    """The task's first metric on the test rows; the loss if it has no other."""
    tested = [tag for tag in tags if tag.endswith("/test")]
    others = [tag for tag in tested if tag != "loss/test"]
    return next(iter([*others, *tested]), None)


def without_copies(table: pl.DataFrame) -> pl.DataFrame:
    """One run a config: its latest finished one, since more would not be repeats."""
    latest = table.sort(pl.col("status") == "done", "started", descending=True)
    return latest.unique("config_hash", keep="first", maintain_order=True)


def text_of_choices(keys: Sequence[str]) -> pl.Expr:
    """``activation=relu optimizer=sgd``, as one would type it."""
    parts = [pl.format("{}={}", pl.lit(key), pl.col(key)) for key in keys]
    return pl.concat_str(parts or [pl.lit("(all alike)")], separator=" ")
