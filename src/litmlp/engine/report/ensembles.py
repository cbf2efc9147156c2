"""Sweeps whose runs were averaged, beside the best of their runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pydantic import BaseModel, FiniteFloat, ValidationError

from litmlp.engine.folder.sweep_folder import ENSEMBLE
from litmlp.engine.report.markup import Rows
from litmlp.engine.report.number_format import number
from litmlp.engine.report.problems import Problem, main_metric
from litmlp.engine.report.run_record import Tag


class Recorded(BaseModel):
    """What a report takes from ``ensemble.json``."""

    runs: list[str]
    metrics: dict[Tag, FiniteFloat | None]


@dataclass(frozen=True, kw_only=True)
class Averaged:
    """The mean of what a sweep's runs predict.

    Attributes:
        folder: of the sweep.
        metrics: of the mean, by tag.
        runs: a row a run that is in it, the best by validation first.
    """

    folder: Path
    metrics: dict[str, float]
    runs: pl.DataFrame

    @property
    def tags(self) -> Sequence[str]:
        """Metrics on the test rows that the mean and its runs have."""
        tested = [tag for tag in self.metrics if tag.endswith("/test")]
        return [tag for tag in tested if tag in self.runs.columns]

    @property
    def name(self) -> str:
        """``Ensemble of 32 runs in logs/default/sweeps/…``."""
        return f"Ensemble of {self.runs.height} runs in {self.folder}"


def read_ensembles(problems: Sequence[Problem]) -> Iterator[Averaged]:
    """The means that were measured of just these runs."""
    for problem in problems:
        folders = dict.fromkeys(Path(run).parent for run in problem.measured["run"])
        for folder in folders:
            within = pl.col("run").str.starts_with(f"{folder}/")
            runs = problem.measured.filter(within & (pl.col("status") == "done"))
            recorded = read_recorded(folder / ENSEMBLE)
            if recorded and {Path(run).name for run in runs["run"]} == {*recorded.runs}:
                known = {k: v for k, v in recorded.metrics.items() if v is not None}
                yield Averaged(folder=folder, metrics=known, runs=runs)


def read_recorded(path: Path) -> Recorded | None:
    """What stands in the file, if it is there and whole."""
    try:
        return Recorded.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def table_of_ensemble(averaged: Averaged) -> Rows:
    """Each metric on the test rows: of the mean, of the best run and of all runs."""
    rows = [
        [tag, *(number(value) for value in compared(averaged, tag))]
        for tag in averaged.tags
    ]
    return Rows(["", "ensemble", "best run", "mean of the runs"], rows)


def compared(averaged: Averaged, tag: str) -> list[float | None]:
    """A metric of the ensemble, of the run that validates best, and the runs' mean."""
    column = averaged.runs[tag]
    return [averaged.metrics[tag], column[0], column.cast(pl.Float64).mean()]


def in_short(averaged: Averaged) -> str:
    """``of 32 runs: accuracy/test 0.96; the best of them 0.95, their mean 0.94``."""
    tag = main_metric(averaged.tags)
    if tag is None:
        return f"of {averaged.runs.height} runs: no test rows"
    whole, best, mean = (number(value) for value in compared(averaged, tag))
    return (
        f"of {averaged.runs.height} runs: {tag} {whole}; "
        f"the best of them {best}, their mean {mean}"
    )


def frame_of(ensembles: Sequence[Averaged]) -> pl.DataFrame:
    """A row an ensemble: its sweep, how many runs, every metric."""
    rows = [
        {"sweep": str(each.folder), "runs": each.runs.height} | each.metrics
        for each in ensembles
    ]
    return pl.DataFrame(rows, infer_schema_length=None)
