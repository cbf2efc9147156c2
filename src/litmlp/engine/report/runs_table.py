"""Run folders → a table with a row a run."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import polars as pl

from litmlp.engine.report.run_record import LIMIT, Member, read_member, text_of
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
"""What every run has; then come the choices that vary, and the metrics."""

REFERENCE = re.compile(r"\$\\?\{([\w.]+)\\?\}")
"""A value that is another key's, as it is typed, or as Hydra's sweeper quotes it."""


@dataclass(frozen=True, kw_only=True)
class Runs:
    """All runs of a report.

    Attributes:
        table: a row a run, with the columns of SCHEMA, ``choices`` and ``metrics``.
        choices: columns of what was overridden in some run and differs between runs.
        metrics: columns of tags, such as ``accuracy/test``.
        skipped: why a folder could not be read, a line each.
    """

    table: pl.DataFrame
    choices: Sequence[str]
    metrics: Sequence[str]
    skipped: Sequence[str]


def read_runs(folders: Sequence[Path]) -> Runs:
    """The table of runs, from their folders.

    Raises:
        UserError: none of them can be read.
    """
    members, skipped = [], []
    for folder in folders:
        try:
            members.append(read_member(folder))
        except UserError as error:
            skipped.append(str(error))
    if not members:
        raise UserError(skipped[0])
    names = problem_names(members)
    records = [record(*named) for named in zip(members, names, strict=True)]
    choices, metrics = choice_columns(members), metric_columns(members)
    return Runs(
        table=pl.DataFrame(records, schema=SCHEMA).hstack([*choices, *metrics]),
        choices=[column.name for column in choices],
        metrics=[column.name for column in metrics],
        skipped=skipped,
    )


def record(member: Member, problem: str) -> dict[str, Any]:
    """What every run has."""
    outcome = member.outcome
    return outcome.model_dump(include=set(SCHEMA)) | {
        "run": str(member.folder),
        "problem": problem,
        "error": next(iter(outcome.error.splitlines()), ""),
        "monitor": member.monitor,
        "mode": member.mode,
        "config_hash": outcome.config_hash or str(member.folder),
        "command": member.command,
    }


def choice_columns(members: Sequence[Member]) -> list[pl.Series]:
    """What was overridden in some run and differs between runs, in the order typed.

    A value that follows another choice in every run is none of its own.
    """
    keys = dict.fromkeys(key for member in members for key in member.typed)
    taken = {*SCHEMA, "choice", *(column.name for column in metric_columns(members))}
    free = [
        key
        for key in keys
        if not all(follows(member.typed.get(key, ""), keys) for member in members)
    ]
    columns = [choice_column(key, [m[key] for m in members], taken) for key in free]
    return [column for column in columns if column.n_unique() > 1]


def follows(text: str, keys: Iterable[str]) -> bool:
    """Whether a value is that of another key, or in its dictionary.

    >>> follows("${pair.lr}", ["pair"])
    True
    """
    found = REFERENCE.fullmatch(text)
    return found is not None and any(f"{found[1]}.".startswith(f"{k}.") for k in keys)


def choice_column(key: str, values: Sequence[Any], taken: Collection[str]) -> pl.Series:
    """Values under a key: numbers if they all are, else texts.

    Args:
        taken: names of other columns.
    """
    clashes = key in taken or key.startswith("choice.")
    name = f"choice.{key}" if clashes else key
    kinds = {type(value) for value in values}
    if not kinds <= {int, float} or not all(abs(v) < LIMIT for v in values):
        return pl.Series(name, map(text_of, values), pl.String)
    return pl.Series(name, values, pl.Float64 if float in kinds else pl.Int64)


def metric_columns(members: Sequence[Member]) -> list[pl.Series]:
    """Metrics at the best checkpoint, in the order of the first run that has them."""
    tags = dict.fromkeys(tag for member in members for tag in member.outcome.metrics)
    return [
        pl.Series(tag, [m.outcome.metrics.get(tag) for m in members], pl.Float64)
        for tag in tags
    ]


def problem_names(members: Sequence[Member]) -> list[str]:
    """For each run as little as tells its problem from the others': ``data=wine``.

    A run that did not end well counts as one of a problem that others finished.
    """
    problems = [member.problem for member in members]
    done = [member.outcome.status == "done" for member in members]
    known = list(compress(problems, done)) or problems
    telling: list[str] = []
    for key in dict.fromkeys(key for problem in known for key in problem):
        more = [*telling, key]
        if variants(known, more) > variants(known, telling):
            telling = more
    return [" ".join(f"{k}={p[k]}" for k in telling if k in p) for p in problems]


def variants(problems: Sequence[Mapping[str, str]], keys: Sequence[str]) -> int:
    """How many problems differ under some keys."""
    return len({tuple(problem.get(key) for key in keys) for problem in problems})
