"""The table of all runs of a report: one row per run folder."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import polars as pl

from litmlp.engine.report.run_record import LIMIT, RunRecord, read_run
from litmlp.engine.terminal.wording import text_of
from litmlp.errors import UserError

SCHEMA = {
    "run": pl.String,
    "problem": pl.String,
    "status": pl.String,
    "error": pl.String,
    "monitor": pl.String,
    "mode": pl.String,
    "best_value": pl.Float64,
    "best_epoch": pl.Int64,
    "pruned_epoch": pl.Int64,
    "epochs": pl.Int64,
    "iterations": pl.Int64,
    "parameters": pl.Int64,
    "samples_per_second": pl.Float64,
    "wall_seconds": pl.Float64,
    "started": pl.String,
    "config_hash": pl.String,
    "command": pl.String,
}
"""Columns of every run; the choices that vary and the metrics follow."""

VALUE = "best_value"
"""The column that ranks runs: the monitored metric at the best checkpoint."""

CHANGED = "data changed, values"


@dataclass(frozen=True, kw_only=True)
class Runs:
    """All runs of a report.

    Attributes:
        table: one row per run, with the columns of SCHEMA, ``choices`` and ``metrics``.
        choices: columns of options that were overridden and differ between runs.
        metrics: columns of tags, such as ``accuracy/test``.
        skipped: reasons why folders could not be read.
    """

    table: pl.DataFrame
    choices: Sequence[str]
    metrics: Sequence[str]
    skipped: Sequence[str]


def read_runs(folders: Sequence[Path]) -> Runs:
    """Read the table of runs from their folders."""
    runs, skipped = [], []
    for folder in folders:
        try:
            runs.append(read_run(folder))
        except UserError as error:
            skipped.append(str(error))
    if not runs:
        raise UserError(skipped[0])
    rows = map(row_of, runs, problem_names(runs))
    metrics = number_columns([run.summary.metrics for run in runs])
    measured = [*metrics, *number_columns([baselines_of(run) for run in runs])]
    choices = choice_columns(runs, {*SCHEMA, "choice", *(m.name for m in measured)})
    return Runs(
        table=pl.DataFrame(rows, schema=SCHEMA).hstack([*choices, *measured]),
        choices=[column.name for column in choices],
        metrics=[column.name for column in metrics],
        skipped=skipped,
    )


def row_of(run: RunRecord, problem: str) -> dict[str, Any]:
    """Return the values of a run in the columns of SCHEMA."""
    summary = run.summary
    return summary.model_dump(include=set(SCHEMA)) | {
        "run": str(run.folder),
        "problem": problem,
        "error": next(iter(summary.error.splitlines()), ""),
        "monitor": run.monitor.metric,
        "mode": run.monitor.mode,
        "config_hash": summary.config_hash or str(run.folder),
        "command": run.command,
    }


def has_diverged(run: Mapping[str, Any]) -> bool:
    """Return whether a run reached its end without a value to compare."""
    return run["status"] == "done" and run[VALUE] is None


def choice_columns(
    runs: Sequence[RunRecord], taken: Collection[str]
) -> list[pl.Series]:
    """Return one column per option that differs between runs, in the order typed.

    An option that all runs typed alike follows another choice: ``${pair.lr}``.
    """
    keys = dict.fromkeys(key for run in runs for key in run.typed)
    free = [key for key in keys if len({run.typed.get(key) for run in runs}) > 1]
    columns = [choice_column(key, [run[key] for run in runs], taken) for key in free]
    return [column for column in columns if column.n_unique() > 1]


def choice_column(key: str, values: Sequence[Any], taken: Collection[str]) -> pl.Series:
    """Return the values of an option: numbers if all are, else texts."""
    clashes = key in taken or key.startswith("choice.")
    name = f"choice.{key}" if clashes else key
    kinds = {type(value) for value in values}
    if not kinds <= {int, float} or not all(abs(v) < LIMIT for v in values):
        return pl.Series(name, map(text_of, values), pl.String)
    return pl.Series(name, values, pl.Float64 if float in kinds else pl.Int64)


def number_columns(rows: Sequence[Mapping[str, float | None]]) -> list[pl.Series]:
    """Return a column of numbers per name that some row has."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [pl.Series(n, [row.get(n) for row in rows], pl.Float64) for n in names]


def baselines_of(run: RunRecord) -> dict[str, float | None]:
    """Return test metrics of simple models: ``accuracy of linear model``."""
    return {
        f"{tag.removesuffix('/test')} of {name}": value
        for name, metrics in run.summary.baselines.items()
        for tag, value in metrics.items()
    }


def problem_names(runs: Sequence[RunRecord]) -> list[str]:
    """Return for each run the shortest text that identifies its problem: ``data=wine``.

    A run that failed belongs to a problem that other runs finished. Runs of one config
    whose data were changed between them are different problems.
    """
    digests: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        digests[run.source] |= {run.digest} - {""}
    problems = [
        run.problem
        | ({CHANGED: run.digest} if run.digest and len(digests[run.source]) > 1 else {})
        for run in runs
    ]
    done = [run.summary.status == "done" for run in runs]
    known = list(compress(problems, done)) or problems
    telling: list[str] = []
    for key in dict.fromkeys(key for problem in known for key in problem):
        more = [*telling, key]
        if variants(known, more) > variants(known, telling):
            telling = more
    return [" ".join(f"{k}={p[k]}" for k in telling if k in p) for p in problems]


def variants(problems: Sequence[Mapping[str, str]], keys: Sequence[str]) -> int:
    """Return how many problems differ under some keys."""
    return len({tuple(problem.get(key) for key in keys) for problem in problems})
