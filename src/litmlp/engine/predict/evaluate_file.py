"""A file with known targets, measured: tables and pictures in the run's folder."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import polars as pl
from torch import Tensor

from litmlp.data.samples import predicted_names
from litmlp.data.tables.labelled_rows import LabelledRows, read_labelled
from litmlp.data.tables.read import header_of
from litmlp.engine.diagnosis.scores import (
    calibration_bins,
    class_scores,
    confusion,
    target_scores,
)
from litmlp.engine.figures import classification, regression
from litmlp.engine.figures.style import as_label, save
from litmlp.engine.folder.run_folder import finite
from litmlp.engine.predict.evaluate_run import Measurable, measured
from litmlp.engine.predict.predict_file import (
    Predictor,
    as_table,
    as_truth,
    match_columns,
)
from litmlp.engine.run.test import Metrics, metrics_table
from litmlp.engine.terminal.console import shortest, show
from litmlp.engine.terminal.console import table as new_table
from litmlp.errors import UserError

MOST_ROWS, MOST_COLUMNS = 30, 12
"""Of a table that the console shows; the files have them all."""


class Evaluated(Measurable, Predictor, Protocol):
    """What can be measured on a file."""

    @property
    def folder(self) -> Path: ...


def evaluate_file(model: Evaluated, source: str) -> Metrics:
    """Measure a model on a file, into ``evaluations/<file's name>/`` of its folder.

    Args:
        model: of a run, or of a sweep's runs together, with the folder it is in.
        source: a ``.csv`` or ``.parquet`` file with the model's features and targets,
            by name and in any order; rows without a target are left out.

    Raises:
        UserError: a column is missing or of another kind than in training, a target is
            no class of the model, or a prediction is no number.
    """
    labelled = read(model, source)
    predictions, metrics = measured(model, labelled.inputs, labelled.targets)
    refuse_infinite(source, labelled, predictions)
    name = Path(source).stem
    tables = score_tables(model, labelled, predictions)
    show_scores(name, metrics, tables)
    tables["predictions"] = prediction_table(model, labelled, predictions)
    folder = model.folder / "evaluations" / folder_name(name)
    with replacing(folder) as partial:
        write(partial, len(predictions), metrics, tables)
        draw(partial, model, labelled, predictions)
    show(f"{len(predictions):,} rows → {shortest(folder)}")
    return metrics


def folder_name(name: str) -> str:
    """A file's name as that of a folder within ``evaluations/``, whatever it is.

    >>> folder_name("labelled 2026"), folder_name("..")
    ('labelled 2026', 'table')
    """
    return name.strip(". ") or "table"


def read(model: Evaluated, source: str) -> LabelledRows:
    """The rows of a file, and what is said of them."""
    present = header_of(source)
    features = [column.name for column in model.columns]
    made = predicted_names(model.target_names, model.class_names)
    taken = {*model.target_names, *made}
    kept = [n for n in model.dropped if n in present and n not in taken]
    match_columns(source, present, [*features, *model.target_names, *kept])
    labelled = read_labelled(
        source,
        model.columns,
        target_names=model.target_names,
        class_names=model.class_names,
        kept=kept,
    )
    if labelled.num_unlabelled:
        show(f"{labelled.num_unlabelled:,} rows without a target are left out")
    return labelled


def refuse_infinite(source: str, labelled: LabelledRows, predictions: Tensor) -> None:
    """
    Raises:
        UserError: a prediction is not finite, which no score or picture can take.
    """
    wrong = ~predictions.isfinite().all(dim=1)
    if wrong.any():
        line = labelled.lines[int(wrong.nonzero()[0])]
        raise UserError(
            f"{source}: {int(wrong.sum()):,} predictions are no finite number, the "
            f"first one in line {line}: the model has diverged in training, or the "
            "line holds a huge number"
        )


def score_tables(
    model: Evaluated, labelled: LabelledRows, predictions: Tensor
) -> dict[str, pl.DataFrame]:
    """Scores by the name of their file."""
    targets, names = labelled.targets, model.class_names
    if not names:
        return {"per_target": target_scores(targets, predictions, model.target_names)}
    return {
        "per_class": class_scores(targets, predictions, names),
        "confusion_matrix": confusion(targets, predictions, names),
        "calibration": calibration_bins(targets, predictions),
    }


def prediction_table(
    model: Evaluated, labelled: LabelledRows, predictions: Tensor
) -> pl.DataFrame:
    """The kept columns, the true targets, then what is predicted."""
    true, predicted = as_truth(model, labelled.targets), as_table(model, predictions)
    return pl.DataFrame([*labelled.kept, *true, *predicted])


def draw(
    folder: Path, model: Evaluated, labelled: LabelledRows, predictions: Tensor
) -> None:
    """Write the pictures of a classifier or a regressor."""
    kind = classification if model.class_names else regression
    names = model.class_names or model.target_names
    for key, picture in kind.PICTURES.items():
        save(picture(labelled.targets, predictions, names), folder / f"{key}.png")
    worst = kind.worst_predictions(
        labelled.targets, predictions, names, row_names=called(labelled)
    )
    save(worst, folder / "worst_predictions.png")


def called(labelled: LabelledRows) -> list[str]:
    """What rows are called: by the first kept column, or by their line in the file."""
    column = labelled.kept.to_series() if labelled.kept.width else labelled.lines
    return [as_label(f"{column.name} {value}") for value in column]


def show_scores(
    name: str, metrics: Metrics, tables: Mapping[str, pl.DataFrame]
) -> None:
    """Metrics and small tables on the console, under the name of what was measured."""
    show(metrics_table({f"{key}/{name}": value for key, value in metrics.items()}))
    for scores in tables.values():
        if scores.height > MOST_ROWS or scores.width > MOST_COLUMNS:
            continue
        shown = new_table(*scores.columns)
        for row in scores.iter_rows():
            shown.add_row(*map(as_cell, row))
        show(shown)


def as_cell(value: object) -> str:
    """A value in a table of the console."""
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def write(
    folder: Path, rows: int, metrics: Metrics, tables: Mapping[str, pl.DataFrame]
) -> None:
    """Write the number of rows and metrics as JSON, tables as CSV."""
    text = json.dumps(finite({"rows": rows, **metrics}), indent=2)
    (folder / "metrics.json").write_text(f"{text}\n", encoding="utf-8")
    for key, table in tables.items():
        table.write_csv(folder / f"{key}.csv")


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which takes the place of ``folder`` when it is whole."""
    partial, before = (
        folder.with_name(f"{folder.name}.{state}") for state in ("partial", "before")
    )
    for left_by_a_crash in (partial, before):
        shutil.rmtree(left_by_a_crash, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial)
        raise
    if folder.exists():
        os.replace(folder, before)
    os.replace(partial, folder)
    shutil.rmtree(before, ignore_errors=True)
