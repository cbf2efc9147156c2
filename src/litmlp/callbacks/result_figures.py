"""Pictures of the best checkpoint's results."""

from pathlib import Path
from typing import cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from matplotlib.figure import Figure
from torch import Tensor, nn

from litmlp.callbacks.publish_figure import publish
from litmlp.data.data_module import Data
from litmlp.data.images import ImageData
from litmlp.engine.diagnosis.network_layers import layer_outputs
from litmlp.engine.figures import classification, regression
from litmlp.engine.figures.inputs import (
    class_images,
    first_layer_weights,
)
from litmlp.engine.figures.style import report_failed_picture
from litmlp.engine.folder.loggers import TensorBoard
from litmlp.multilabel import MultiLabelClassifier
from litmlp.supervised import Supervised

MOST_CURVES = 20  # classes that have a curve in the PR-curves tab
MOST_POINTS = 1000  # rows in the projector, which stores them as text


class Results(Callback):
    """Draws the best checkpoint's results on test rows (or on validation rows).

    For classes: confusion matrix, ROC, precision and recall (also in TensorBoard's tab
    of PR curves), calibration. For real values: predicted against true, residuals. For
    both: the first layer's weights, and the last hidden layer's outputs in the
    projector. Of images: some of each class.

    Args:
        folder: where the pictures go.
    """

    def __init__(self, *, folder: str) -> None:
        self.folder = Path(folder)

    def on_test_end(self, trainer: Trainer, model: LightningModule) -> None:
        data = trainer.datamodule  # type: ignore[attr-defined]  # set by Lightning, not declared
        if trainer.is_global_zero and isinstance(data, Data):
            with report_failed_picture():
                self._draw(trainer, cast(Supervised, model), data)

    @torch.no_grad()
    def _draw(self, trainer: Trainer, model: Supervised, data: Data) -> None:
        split = next(name for name in ("test", "val", "train") if name in data.rows)
        position = model.position(epochs=trainer.current_epoch)
        features = model.encoding(data.split_features[split][:].to(model.device))
        predictions = model.to_predictions(model.network(features)).cpu()
        if not predictions.isfinite().all():
            return  # a diverged run has no picture
        are_labels = isinstance(model, MultiLabelClassifier)
        figures = draw_results(data, split, predictions, are_labels=are_labels)
        layers = [m for m in model.shown_network.modules() if isinstance(m, nn.Linear)]
        if layers:
            names = [column.name for column in data.samples.columns]
            first = layers[0].weight.double().cpu().numpy()
            figures["first_layer_weights"] = first_layer_weights(first, names)
        if isinstance(data, ImageData):
            rows = data.rows[split]
            images = data.samples.inputs[rows].reshape(-1, *data.image_shape)
            shown = images, data.split_targets[split], data.samples.class_names
            figures["images"] = class_images(*shown)
        for name, figure in figures.items():
            publish(trainer, self.folder, name, figure, position)
        layers_out = [features, *layer_outputs(model.shown_network, features).values()]
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoard):
                show_rows(logger, data, split, predictions, layers_out[-2])


def draw_results(
    data: Data, split: str, predictions: Tensor, *, are_labels: bool
) -> dict[str, Figure]:
    """Return pictures by name; labels have none of single values."""
    samples, targets = data.samples, data.split_targets[split]
    names = samples.class_names or samples.target_names
    kind = classification if samples.class_names else regression
    return {
        name: picture(targets, predictions, names)
        for name, picture in ({} if are_labels else kind.PICTURES).items()
    }


def show_rows(
    logger: TensorBoard, data: Data, split: str, predictions: Tensor, last: Tensor
) -> None:
    """Show PR curves of classes, and rows by the last hidden layer's outputs."""
    classes, targets = data.samples.class_names, data.split_targets[split]
    for i, name in enumerate(classes[:MOST_CURVES]):
        logger.experiment.add_pr_curve(f"pr/{name}", targets == i, predictions[:, i])
    labels = targets[:MOST_POINTS].tolist()
    names = [classes[i] for i in labels] if classes else [str(i) for i in labels]
    logger.experiment.add_embedding(last[:MOST_POINTS], names, tag="last_hidden")
