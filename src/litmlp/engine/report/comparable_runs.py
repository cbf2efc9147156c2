"""Problems: groups of runs with the same data, task and monitored metric."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from litmlp.engine.folder.sweep_folder import SEED
from litmlp.engine.predict.quartiles import quarters
from litmlp.engine.report.intervals import summarize
from litmlp.engine.report.rank_choices import rank_choices
from litmlp.engine.report.runs_table import VALUE, Runs
from litmlp.engine.terminal.wording import text_of

MEAN, COUNT = f"{VALUE} mean", f"{VALUE} count"
MOST_LEVELS = 8
"""A numeric axis with more values that hardly repeat (a random search) is cut."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Runs that may be ranked together: their choices, and the effect of each axis.

    Attributes:
        name: text that identifies it among other problems; empty if it is the only one.
        monitor: the metric that ranks the runs.
        mode: ``min`` if smaller is better, else ``max``.
        test: the metric on the test rows, which chose nothing.
        choices: columns in which the runs differ.
        seeds: columns that repeat a run: seeds and folds.
        metrics: columns in which some run has a value.
        runs: one row per config, best first, with a column ``choice``.
        copies: number of further runs of these configs.
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
        """The choices in which the measured runs differ."""
        runs = self.measured
        return [key for key in self.choices if runs[key].n_unique() > 1]

    @cached_property
    def ranking(self) -> pl.DataFrame:
        """The table of :func:`litmlp.engine.report.rank_choices.rank_choices`."""
        tags = {VALUE: self.monitor} | {tag: tag for tag in self.metrics}
        return rank_choices(self.runs, self.choices, self.seeds, tags, self.mode)

    @cached_property
    def levels(self) -> pl.DataFrame:
        """The measured runs: their value, and their level of each axis in order."""
        runs = self.measured
        return runs.select(
            VALUE,
            *(levels(runs[axis]) for axis in self.compared),
            *(exact_levels(runs[axis]) for axis in self.seeds),
        )

    @cached_property
    def effects(self) -> pl.DataFrame:
        """One row per axis, the axis that explains most first.

        The columns are ``axis``, ``levels`` (their number), ``fraction`` (of the
        variance between runs that lies between the means of the levels; null if no
        level has two runs), ``spread`` (from the lowest to the highest of these means)
        and ``best`` (the level with the best mean).
        """
        rows = []
        for axis in self.levels.columns[1:]:
            largest_first = self.mode == "max"
            means = self.marginal_means(axis).sort(MEAN, descending=largest_first)
            between = pl.col(VALUE).mean().over(axis).var() / pl.col(VALUE).var()
            fraction = self.levels.select(between.fill_nan(None)).item()
            repeated = means.height < self.levels.height
            ends = means[MEAN][0] - means[MEAN][-1]
            rows.append(
                {
                    "axis": axis,
                    "levels": means.height,
                    "fraction": fraction if repeated else None,
                    "spread": abs(ends),
                    "best": means["level"][0],
                }
            )
        schema = {"axis": pl.String, "levels": pl.Int64, "fraction": pl.Float64}
        schema |= {"spread": pl.Float64, "best": pl.String}
        frame = pl.DataFrame(rows, schema=schema)
        return frame.sort("fraction", "spread", descending=True, nulls_last=True)

    def marginal_means(self, axis: str) -> pl.DataFrame:
        """Return one row per ``level`` of an axis: statistics of all runs with it."""
        means = summarize(self.levels, [axis], {VALUE: self.monitor}).sort(axis)
        return means.with_columns(pl.col(axis).cast(pl.String).alias("level"))

    @property
    def command(self) -> str:
        """Command that trains the best choice again, as one run.

        Without the seed and split of its luckiest run: they are no choice.
        """
        runs = self.runs.filter(choice=self.ranking["choice"][0])
        words = shlex.split(str(runs["command"][0]))
        repeats = {*self.seeds}
        if "data.fold" in repeats:
            repeats.add("data.num_folds")
        return shlex.join(
            w for w in words if w.lstrip("+").split("=")[0] not in repeats
        )

    @property
    def without_effect(self) -> list[str]:
        """Axes whose levels give equal values where the rest of a run is equal."""
        axes = [*self.compared, *self.seeds]
        return [a for a in axes if changes_nothing(self.measured, a, axes)]


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


def without_copies(table: pl.DataFrame) -> pl.DataFrame:
    """Return one run per config, the latest finished one: copies are no repeats."""
    latest = table.sort(pl.col("status") == "done", "started", descending=True)
    return latest.unique("config_hash", keep="first", maintain_order=True)


def text_of_choices(keys: Sequence[str]) -> pl.Expr:
    """Return ``activation=relu optimizer=sgd``, as a user types it."""
    parts = [pl.format("{}={}", pl.lit(key), pl.col(key)) for key in keys]
    return pl.concat_str(parts or [pl.lit("(all alike)")], separator=" ")


def changes_nothing(runs: pl.DataFrame, axis: str, axes: Sequence[str]) -> bool:
    """Return whether runs that differ in one axis alone have equal values."""
    rest = [pl.lit(0).alias("all"), *(key for key in axes if key != axis)]
    groups = runs.group_by(rest).agg(
        pl.col(axis).n_unique().alias("levels"), pl.col(VALUE).n_unique()
    )
    compared = groups.filter(pl.col("levels") > 1)
    return compared.height > 0 and bool((compared[VALUE] == 1).all())


def levels(values: pl.Series) -> pl.Series:
    """Return an axis's values as ordered texts, or as four ranges of similar size."""
    distinct = values.n_unique()
    if values.dtype.is_numeric() and distinct > max(MOST_LEVELS, len(values) / 2):
        return quarters(values)
    return exact_levels(values)


def exact_levels(values: pl.Series) -> pl.Series:
    """Return an axis's values as texts, in the order of numbers or of the alphabet."""
    order = values.unique().sort().to_list()
    names = [text_of(value) for value in order]
    return values.replace_strict(order, names, return_dtype=pl.Enum(names))
