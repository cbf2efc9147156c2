"""Baselines: what simple models reach on the test rows, beside a run's own metrics."""

import warnings
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from litmlp.classifier import Classifier
from litmlp.data.data_module import Data
from litmlp.encoding import Encoding
from litmlp.engine.folder.run_folder import Baseline
from litmlp.engine.run.split_metrics import Metrics
from litmlp.engine.terminal.console import show
from litmlp.metrics import undefined
from litmlp.multilabel import MultiLabelClassifier
from litmlp.regressor import Regressor
from litmlp.supervised import Supervised

MOST_NUMBERS = 2**23
"""Rows × features × outputs above which a linear model would take seconds to fit."""

KNOWN = (Classifier, MultiLabelClassifier, Regressor)
"""Kinds of models whose metrics are known to take what the baselines predict."""

Predictions = dict[Baseline, Tensor]
"""Probabilities [rows, classes] or values [rows, targets], by baseline."""

known: WeakKeyDictionary[nn.Module, Predictions] = WeakKeyDictionary()
"""Predictions for data in use, by preprocessing, which the runs of a group share."""


def baselines(model: Supervised, data: Data) -> dict[Baseline, Metrics]:
    """Return the metrics of simple models on the test rows, by baseline and tag.

    The models learn from the preprocessed training rows, without random numbers.
    """
    if "test" not in data.rows or not isinstance(model, KNOWN):
        return {}
    if data.fitted_preprocessing not in known:
        known[data.fitted_preprocessing] = predictions(data)
    every = known[data.fitted_preprocessing]
    try:
        return {name: measured(model, data, p) for name, p in every.items()}
    except (RuntimeError, ValueError) as error:  # of a metric that a project adds
        show(f"baselines    none: {error}")
        return {}


def measured(model: Supervised, data: Data, predicted: Tensor) -> Metrics:
    """Return the metrics of a run, but no loss, for other predictions by tag."""
    targets = labels(data, "test")
    if isinstance(model, Classifier) and model.num_outputs == 1:
        predicted = predicted[:, 1]
    if isinstance(model, MultiLabelClassifier):  # a line may leave [0, 1]
        predicted, targets = predicted.clamp(0, 1), targets.long()
    metrics = model.metrics.clone().cpu()
    metrics.reset()
    metrics.update(predicted, targets)
    values = metrics.compute()
    if isinstance(model, Classifier):
        values |= undefined(dict(metrics.items()), predicted, targets)
    return {f"{name}/test": float(values[name]) for name in model.metric_names[1:]}


def predictions(data: Data) -> Predictions:
    """Return what each baseline predicts for the test rows."""
    targets, weights = labels(data, "train"), row_weights(data)
    is_class, count = bool(data.samples.class_names), data.facts["num_outputs"]
    values = F.one_hot(targets, count).double() if is_class else targets
    average = weights @ values / weights.sum()
    found: Predictions = {
        "majority class" if is_class else "mean": average.expand(
            len(data.rows["test"]), -1
        )
    }
    encoding = one_hot_encoding(data)
    if (size := len(targets) * encoding.num_features * count) > MOST_NUMBERS:
        show(f"baselines    no linear model: its fit to {size:,} numbers takes long")
    elif not is_class or bool((targets != targets[0]).any()):
        # One thread: several of BLAS would wait for those of other runs.
        with warnings.catch_warnings(), threadpool_limits(1, "blas"):
            warnings.simplefilter("ignore")  # a baseline need not have converged
            found["linear model"] = linear_predictions(data, encoding)
    return found


def linear_predictions(data: Data, encoding: Encoding) -> Tensor:
    """Return what logistic or ridge regression predicts for the test rows."""
    train, test = (
        encoding(data.split_features[split]).double().numpy()
        for split in ("train", "test")
    )
    is_class, count = bool(data.samples.class_names), data.facts["num_outputs"]
    linear = LogisticRegression() if is_class else Ridge()
    targets = labels(data, "train").numpy()
    linear.fit(train, targets, sample_weight=row_weights(data).numpy())
    if not is_class:
        return torch.from_numpy(linear.predict(test)).reshape(-1, count)
    found = torch.zeros(len(test), count).double()
    found[:, linear.classes_] = torch.from_numpy(linear.predict_proba(test))
    return found  # 0 for a class without training rows


def one_hot_encoding(data: Data) -> Encoding:
    """Return numbers and codes as a linear model takes them: one column per code."""
    preprocessing = data.fitted_preprocessing
    codes = preprocessing.cardinalities
    return Encoding(
        num_numbers=preprocessing.num_numbers,
        cardinalities=codes,
        max_one_hot=max(codes, default=0),
    )


def labels(data: Data, split: str) -> Tensor:
    """Return class indices [rows], or values [rows, targets] in double precision."""
    targets = data.split_targets[split]
    if not data.samples.class_names:
        return targets.double()
    return targets.argmax(dim=1) if targets.ndim == 2 else targets


def row_weights(data: Data) -> Tensor:
    """Return the weights of the training rows [rows], 1 if the data have none."""
    rows, weights = data.rows["train"], data.samples.weights
    return torch.ones(len(rows)).double() if weights is None else weights[rows].double()
