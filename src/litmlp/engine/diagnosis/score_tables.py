"""Tables of how well each class or target is predicted."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import torch
from sklearn import metrics
from torch import Tensor

NUM_BINS = 10


def class_scores(
    targets: Tensor, probabilities: Tensor, class_names: Sequence[str]
) -> pl.DataFrame:
    """Return one row per class, against all others; an undefined score is null.

    Targets are class indices [N], probabilities [N, classes] are finite.
    """
    truth, each = targets.numpy(), probabilities.double().numpy()
    rows = np.bincount(truth, minlength=len(class_names))
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth,
        each.argmax(axis=1),
        labels=range(len(class_names)),
        zero_division=np.nan,
    )
    areas = [
        metrics.roc_auc_score(truth == index, each[:, index])
        if 0 < rows[index] < len(truth)
        else None
        for index in range(len(class_names))
    ]
    table = {
        "class": list(class_names),
        "rows": rows,
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "auroc": areas,
    }
    return pl.DataFrame(table).fill_nan(None)


def label_scores(
    targets: Tensor, probabilities: Tensor, names: Sequence[str]
) -> pl.DataFrame:
    """Return one row per label, 1 against 0; an undefined score is null.

    Targets are 0 and 1 [N, labels], probabilities of 1 [N, labels] are finite.
    """
    one_by_one = [
        class_scores(true.long(), torch.stack([1 - said, said], dim=1), ["0", "1"])[1:]
        for true, said in zip(targets.T, probabilities.double().T, strict=True)
    ]
    labels = pl.Series("label", names)
    return pl.concat(one_by_one).drop("class").insert_column(0, labels)


def confusion(
    targets: Tensor, probabilities: Tensor, class_names: Sequence[str]
) -> pl.DataFrame:
    """Return numbers of rows, by true class (down) and predicted class (across)."""
    guesses, labels = probabilities.argmax(dim=1), range(len(class_names))
    counts = metrics.confusion_matrix(targets, guesses, labels=labels)
    predicted = {f"predicted_{n}": counts[:, i] for i, n in enumerate(class_names)}
    return pl.DataFrame({"true": list(class_names)} | predicted)


def calibration_bins(targets: Tensor, probabilities: Tensor) -> pl.DataFrame:
    """Return bins of probability: their rows, mean probability and observed frequency.

    The columns are ``from``, ``to``, ``rows``, ``probability`` and ``frequency``, the
    last two null in an empty bin.
    """
    if probabilities.shape[1] == 2:
        said, came_true = probabilities[:, 1], targets == 1
    else:
        said, predicted = probabilities.max(dim=1)
        came_true = targets == predicted
    edges = torch.linspace(0, 1, NUM_BINS + 1, dtype=torch.float64)
    said = said.double().cpu().contiguous()
    bins = torch.bucketize(said, edges[1:-1])
    rows = torch.bincount(bins, minlength=NUM_BINS)
    sums = [
        torch.bincount(bins, weights=values.double().cpu(), minlength=NUM_BINS)
        for values in (said, came_true)
    ]
    probability, frequency = (values / rows for values in sums)
    table = {
        "from": edges[:-1].numpy(),
        "to": edges[1:].numpy(),
        "rows": rows.numpy(),
        "probability": probability.numpy(),
        "frequency": frequency.numpy(),
    }
    return pl.DataFrame(table).fill_nan(None)


def calibration_error(bins: pl.DataFrame) -> float:
    """Return the mean distance between probability and frequency, over the rows."""
    distance = (bins["probability"] - bins["frequency"]).abs().fill_null(0)
    return float(np.average(distance, weights=bins["rows"]))


def target_scores(
    targets: Tensor, predictions: Tensor, target_names: Sequence[str]
) -> pl.DataFrame:
    """Return one row per real-valued target, in its units; an undefined score is null.

    A residual is true − predicted, of targets and finite predictions [N, targets].
    """
    true, predicted = targets.double(), predictions.double()
    residuals = true - predicted
    squares = residuals.square().mean(dim=0)
    variance = true.var(dim=0, correction=0)
    table = {
        "target": list(target_names),
        "rows": [len(targets)] * len(target_names),
        "r2": (1 - squares / variance).where(variance > 0, torch.nan).numpy(),
        "mae": residuals.abs().mean(dim=0).numpy(),
        "rmse": squares.sqrt().numpy(),
        "mean_residual": residuals.mean(dim=0).numpy(),
        "largest_residual": residuals.abs().amax(dim=0).numpy(),
    }
    return pl.DataFrame(table).fill_nan(None)
