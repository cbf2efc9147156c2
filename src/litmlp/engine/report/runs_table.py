"""The table of all runs of a report: one row per run folder."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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

REFERENCE = re.compile(r"\$\\?\{([\w.]+)\\?\}")
"""A value that refers to another key, as typed or as Hydra's sweeper quotes it."""


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
    """Read the table of runs from their folders.

    Raises:
        UserError: none of them can be read.
    """
    runs, skipped = [], []
    for folder in folders:
        try:
            runs.append(read_run(folder))
        except UserError as error:
            skipped.append(str(error))
    if not runs:
        raise UserError(skipped[0])
    names = problem_names(runs)
    rows = [row_of(*named) for named in zip(runs, names, strict=True)]
    metrics = metric_columns(runs)
    measured = [*metrics, *baseline_columns(runs)]
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
        "monitor": run.monitor,
        "mode": run.mode,
        "config_hash": summary.config_hash or str(run.folder),
        "command": run.command,
    }


def choice_columns(
    runs: Sequence[RunRecord], taken: Collection[str]
) -> list[pl.Series]:
    """Return one column per option that differs between runs, in the order typed.

    An option whose value refers to another choice in every run is left out.

    Args:
        taken: names of other columns.
    """
    keys = dict.fromkeys(key for run in runs for key in run.typed)
    free = [
        key
        for key in keys
        if not all(refers(run.typed.get(key, ""), keys) for run in runs)
    ]
    columns = [choice_column(key, [run[key] for run in runs], taken) for key in free]
    return [column for column in columns if column.n_unique() > 1]


def refers(text: str, keys: Iterable[str]) -> bool:
    """Return whether a value refers to a key, or into the dictionary below it.

    >>> refers("${pair.lr}", ["pair"])
    True
    """
    found = REFERENCE.fullmatch(text)
    return found is not None and any(f"{found[1]}.".startswith(f"{k}.") for k in keys)


def choice_column(key: str, values: Sequence[Any], taken: Collection[str]) -> pl.Series:
    """Return the values of an option: numbers if all are, else texts."""
    clashes = key in taken or key.startswith("choice.")
    name = f"choice.{key}" if clashes else key
    kinds = {type(value) for value in values}
    if not kinds <= {int, float} or not all(abs(v) < LIMIT for v in values):
        return pl.Series(name, map(text_of, values), pl.String)
    return pl.Series(name, values, pl.Float64 if float in kinds else pl.Int64)


def metric_columns(runs: Sequence[RunRecord]) -> list[pl.Series]:
    """Return the metrics at the best checkpoint, one column per tag."""
    tags = dict.fromkeys(tag for run in runs for tag in run.summary.metrics)
    return [
        pl.Series(tag, [run.summary.metrics.get(tag) for run in runs], pl.Float64)
        for tag in tags
    ]


def baseline_columns(runs: Sequence[RunRecord]) -> list[pl.Series]:
    """Return test metrics of simple models: ``accuracy of linear model``."""
    every = [
        {
            f"{tag.removesuffix('/test')} of {name}": value
            for name, metrics in run.summary.baselines.items()
            for tag, value in metrics.items()
        }
        for run in runs
    ]
    names = dict.fromkeys(name for run in every for name in run)
    return [pl.Series(n, [run.get(n) for run in every], pl.Float64) for n in names]


def problem_names(runs: Sequence[RunRecord]) -> list[str]:
    """Return for each run the shortest text that identifies its problem: ``data=wine``.

    A run that failed belongs to a problem that other runs finished.
    """
    problems = [run.problem | changed for run, changed in changed_data(runs)]
    done = [run.summary.status == "done" for run in runs]
    known = list(compress(problems, done)) or problems
    telling: list[str] = []
    for key in dict.fromkeys(key for problem in known for key in problem):
        more = [*telling, key]
        if variants(known, more) > variants(known, telling):
            telling = more
    return [" ".join(f"{k}={p[k]}" for k in telling if k in p) for p in problems]


def changed_data(
    runs: Sequence[RunRecord],
) -> Iterator[tuple[RunRecord, dict[str, str]]]:
    """Yield each run, with a digest of its data if others read other values there.

    Such runs have the same config, and a file that was changed between them.
    """
    digests = [str(run.summary.data.get("values", "")) for run in runs]
    sources = [run.source for run in runs]
    seen: dict[str, set[str]] = defaultdict(set)
    for source, digest in zip(sources, digests, strict=True):
        seen[source] |= {digest} - {""}
    for run, source, digest in zip(runs, sources, digests, strict=True):
        changed = len(seen[source]) > 1 and digest
        yield run, {"data changed, values": digest[:8]} if changed else {}


def variants(problems: Sequence[Mapping[str, str]], keys: Sequence[str]) -> int:
    """Return how many problems differ under some keys."""
    return len({tuple(problem.get(key) for key in keys) for problem in problems})
