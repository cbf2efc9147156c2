"""Predictions of a table's rows, in pieces, so that a file may be of any length."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from litmlp.data.prediction_table import predicted_columns, predicted_names
from litmlp.data.tables.file_format import PARQUET
from litmlp.data.tables.raw_features import Unseen, describe_unseen
from litmlp.data.tables.read import Source, open_source
from litmlp.data.tables.trained_model_rows import read_inputs
from litmlp.engine.folder.atomic_files import replace
from litmlp.engine.folder.run_folder import LEFT
from litmlp.engine.predict.trained_model import TrainedModel
from litmlp.engine.terminal.console import console, show
from litmlp.errors import UserError

MOST_NAMED = 20
"""Columns that a message names."""


def predict_file(
    model: TrainedModel,
    source: str,
    output: str,
    *,
    keep: Sequence[str] | None = None,
) -> None:
    """Write a prediction for each row of a table, in the rows' order.

    Args:
        model: of a run.
        source: a file with the model's columns, by name and in any order; other
            columns are ignored.
        output: a ``.csv`` or ``.parquet`` file, which is written as a whole.
        keep: columns to copy; by default those that were left out in training.

    Raises:
        UserError: a column is missing or of another kind than in training, a file
            cannot be read, or the output is no table or would replace one that is not
            of predictions.
    """
    target = Path(output)
    if target.suffix.lower() not in (".csv", *PARQUET):
        raise UserError(f"output={output}: must end in .csv or .parquet")
    opened = open_source(source, needed=[c.name for c in model.columns])
    check_output(target, opened.file)
    kept = kept_columns(model, opened, keep)
    unseen: Unseen = Unseen()
    write(predictions(model, opened, kept, unseen), target, source)
    for line in describe_unseen(unseen):
        show(line)


def check_output(target: Path, source: Path) -> None:
    """Check that an output replaces neither the input nor a file of a run."""
    if target.exists() and target.samefile(source):
        raise UserError(f"output={target} is the input: give another file")
    if target.name in LEFT and (target.parent / "summary.json").is_file():
        raise UserError(f"output={target} is a run's own: give another file")


def kept_columns(
    model: TrainedModel, source: Source, keep: Sequence[str] | None
) -> list[str]:
    """Return the columns to copy of a table that has every column that is needed."""
    made = predicted_names(model, model.bounds, model.prefix)
    kept = [n for n in model.dropped if n in source.names and n not in made]
    if keep is not None:
        names = [*keep, *made]
        for name in names:
            if names.count(name) > 1:
                raise UserError(f"keep: the output would have two columns {name}")
        kept = list(keep)
    features = [column.name for column in model.columns]
    match_columns(source, [*features, *kept])
    return kept


def match_columns(source: Source, needed: Sequence[str]) -> None:
    """Show which columns of a table are not needed."""
    missing = [name for name in needed if name not in source.names]
    if missing:
        raise UserError(
            f"{source.path} has no column {first_names(missing)}. "
            f"There are: {first_names(source.names)}"
        )
    if extra := [name for name in source.names if name not in needed]:
        show(f"ignored columns: {first_names(extra)}")


def first_names(names: Sequence[str]) -> str:
    """Return the first names, and an ellipsis if there are more."""
    more = ["…"] * (len(names) > MOST_NAMED)
    return ", ".join([*names[:MOST_NAMED], *more])


def predictions(
    model: TrainedModel, source: Source, kept: Sequence[str], unseen: Unseen
) -> Iterator[pl.DataFrame]:
    """Yield some thousand rows at a time: the kept columns, then the predictions."""
    for inputs, others in read_inputs(source, model.columns, kept, unseen):
        found = model.predict(inputs)
        named = model.bounds, model.prefix
        yield pl.DataFrame([*others, *predicted_columns(model, found, *named)])


def write(tables: Iterator[pl.DataFrame], target: Path, source: str) -> None:
    """Write tables below each other into one file, as a whole or not at all."""
    first = next(tables, None)
    if first is None:
        raise UserError(f"{source} has a header and no rows")
    rows = 0
    failures: list[Exception] = []

    def all_tables(*unused: object) -> Iterator[pl.DataFrame]:
        nonlocal rows
        try:
            for table in chain([first], tables):
                rows += len(table)
                bar.update(task, completed=rows)
                yield table
        except Exception as failure:
            # Raised here, it would come before polars opens the file in its thread.
            failures.append(failure)

    lazy = register_io_source(all_tables, schema=first.schema)
    sink = lazy.sink_csv if target.suffix.lower() == ".csv" else lazy.sink_parquet

    def write_all(path: Path) -> None:
        sink(path)
        for failure in failures:
            raise failure

    target.parent.mkdir(parents=True, exist_ok=True)
    shown = (TextColumn("{task.completed:,} rows"), TimeElapsedColumn())
    in_pipe = not console.is_terminal
    with Progress(*shown, console=console, transient=True, disable=in_pipe) as bar:
        task = bar.add_task("", total=None)
        replace(target, write_all, durable=False)
    show(f"{rows:,} rows → {target}")
