"""Evaluation of a file with known targets: tables and pictures in the run's folder."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from litmlp.data.prediction_table import (
    predicted_columns,
    predicted_names,
    true_columns,
)
from litmlp.data.tables.raw_features import describe_unseen
from litmlp.data.tables.read import open_source
from litmlp.data.tables.trained_model_rows import LabelledRows, read_labelled
from litmlp.engine.config.build import build_data
from litmlp.engine.diagnosis.score_tables import (
    calibration_bins,
    class_scores,
    confusion,
    label_scores,
    target_scores,
)
from litmlp.engine.figures import classification, regression
from litmlp.engine.figures.style import report_failed_picture, save
from litmlp.engine.folder.run_folder import finite
from litmlp.engine.predict.evaluate_run import measure_rows
from litmlp.engine.predict.importance import draw_importance
from litmlp.engine.predict.metrics_by_group import explain_rows
from litmlp.engine.predict.predict_file import match_columns
from litmlp.engine.predict.trained_model import TrainedModel, trained
from litmlp.engine.run.split_metrics import Metrics, metrics_table
from litmlp.engine.terminal.console import shortest, show
from litmlp.engine.terminal.console import table as new_table
from litmlp.errors import UserError
from litmlp.multilabel import MultiLabelClassifier

MOST_ROWS, MOST_COLUMNS = 30, 12
"""The largest table that the console shows; the files have all of them."""


def evaluate_file(
    model: TrainedModel,
    source: str,
    *,
    by: str | None = None,
    with_importance: bool = False,
) -> Metrics:
    """Measure a model on a file, into ``evaluations/<file's name>/`` of its folder.

    Args:
        model: of a run.
        source: a file with the model's features and targets, by name and in any order;
            rows without a target are left out.
        by: a column, for the metrics of the rows of each of its values.
        with_importance: whether to measure the importance of columns.

    Raises:
        UserError: a column is missing or of another kind than in training, a target is
            no class of the model, or a prediction is not finite.
    """
    labelled = read_rows(model, source, [] if by is None else [by])
    predictions, metrics = measure_rows(model, labelled.inputs, labelled.targets)
    if not predictions.isfinite().all():
        raise UserError(
            f"{source}: predictions are not finite: the model has diverged, "
            "or a row holds a huge number"
        )
    true = true_columns(model, labelled.targets)
    predicted = predicted_columns(model, predictions, model.bounds, model.prefix)
    rows = pl.DataFrame([*labelled.kept, *true, *predicted])
    predictions = predictions[:, : model.num_predictions]
    others = labelled.inputs, labelled.targets, labelled.kept
    explained = explain_rows(model, *others, by=by, with_importance=with_importance)
    tables = score_tables(model, labelled, predictions) | explained
    name = Path(source).stem
    show(metrics_table({f"{key}/{name}": value for key, value in metrics.items()}))
    if was_trained_on(model.config, Path(source)):
        show("this file has the training rows: evaluate without input= for test rows")
    write_evaluation(
        model.folder / "evaluations" / folder_name(name),
        {"rows": len(predictions), **metrics},
        tables | {"predictions": rows},
        lambda folder: draw(folder, model, labelled, predictions),
    )
    return metrics


def was_trained_on(config: DictConfig, source: Path) -> bool:
    """Return whether a file is the one that holds the training rows of a run."""
    if OmegaConf.is_interpolation(config.data, "path"):
        return False  # its value may be another machine's
    path = config.data.get("path")
    return path is not None and Path(path).exists() and source.samefile(path)


def explain_own_rows(folder: Path, *, by: str | None, with_importance: bool) -> None:
    """Explain a run on its test rows, or validation rows, into ``evaluations/``.

    Raises:
        UserError: there is no feature ``by``.
    """
    with trained(folder) as model:
        data = build_data(model.config)
        split = next(name for name in ("test", "val", "train") if name in data.rows)
        inputs = data.samples.inputs[data.rows[split]]
        targets = data.split_targets[split]
        others = inputs, targets, pl.DataFrame()
        tables = explain_rows(model, *others, by=by, with_importance=with_importance)
    target = folder / "evaluations" / f"{split}_split"
    write_evaluation(target, {"rows": len(targets)}, tables)


def folder_name(name: str) -> str:
    """Return the name of a folder in ``evaluations/`` for any name of a file.

    >>> folder_name("labelled 2026"), folder_name("..")
    ('labelled 2026', 'table')
    """
    return name.strip(". ") or "table"


def read_rows(model: TrainedModel, source: str, more: Sequence[str]) -> LabelledRows:
    """Read the labelled rows of a file with more columns; show what is left out."""
    features = [column.name for column in model.columns]
    opened = open_source(source, needed=[*features, *model.target_names])
    taken = {*model.target_names, *predicted_names(model, model.bounds, model.prefix)}
    wanted = dict.fromkeys([*model.dropped, *(n for n in more if n not in features)])
    kept = [n for n in wanted if n in opened.names and n not in taken]
    match_columns(opened, [*features, *model.target_names, *kept])
    labelled = read_labelled(
        opened,
        model.columns,
        targets=model.targets,
        class_names=model.class_names,
        kept=kept,
    )
    for line in filter(None, [labelled.left_out, *describe_unseen(labelled.unseen)]):
        show(line)
    return labelled


def score_tables(
    model: TrainedModel, labelled: LabelledRows, predictions: Tensor
) -> dict[str, pl.DataFrame]:
    """Return tables of scores by the name of their file."""
    targets, names = labelled.targets, model.class_names
    if isinstance(model.model, MultiLabelClassifier):
        return {"per_label": label_scores(targets, predictions, model.target_names)}
    if not names:
        return {"per_target": target_scores(targets, predictions, model.target_names)}
    return {
        "per_class": class_scores(targets, predictions, names),
        "confusion_matrix": confusion(targets, predictions, names),
        "calibration": calibration_bins(targets, predictions),
    }


def draw(
    folder: Path, model: TrainedModel, labelled: LabelledRows, predictions: Tensor
) -> None:
    """Write the pictures of a classifier or a regressor."""
    kind = classification if model.class_names else regression
    names = model.class_names or model.target_names
    are_labels = isinstance(model.model, MultiLabelClassifier)
    for key, picture in ({} if are_labels else kind.PICTURES).items():
        with report_failed_picture():
            save(picture(labelled.targets, predictions, names), folder / f"{key}.png")


def show_tables(tables: Mapping[str, pl.DataFrame]) -> None:
    """Show tables on the console that are not too large for it."""
    for scores in tables.values():
        if scores.height > MOST_ROWS or scores.width > MOST_COLUMNS:
            continue
        shown = new_table(*scores.columns)
        for row in scores.iter_rows():
            cells = ["" if value is None else value for value in row]
            shown.add_row(
                *(f"{c:.4f}" if isinstance(c, float) else str(c) for c in cells)
            )
        show(shown)


def write_evaluation(
    folder: Path,
    metrics: Mapping[str, float],
    tables: Mapping[str, pl.DataFrame],
    draw_more: Callable[[Path], None] = lambda folder: None,
) -> None:
    """Show tables, and write them as CSV, the metrics as JSON, and pictures."""
    show_tables(tables)
    with new_folder(folder) as partial:
        text = json.dumps(finite(metrics), indent=2)
        (partial / "metrics.json").write_text(f"{text}\n", encoding="utf-8")
        for key, table in tables.items():
            table.write_csv(partial / f"{key}.csv")
        draw_more(partial)
        if "importance" in tables:
            picture = draw_importance(tables["importance"])
            save(picture, partial / "importance.png")
    show(f"{metrics['rows']:,} rows → {shortest(folder)}")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Fill an empty folder, which takes the place of ``folder`` as a whole."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # left by a process that was killed
    partial.mkdir(parents=True)
    try:
        yield partial
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
