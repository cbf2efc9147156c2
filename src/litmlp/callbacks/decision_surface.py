"""The prediction over the plane, for data of two inputs."""

from pathlib import Path
from typing import cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from litmlp.callbacks.publish_figure import publish
from litmlp.data.data_module import Data, Plane
from litmlp.engine.diagnosis.network_layers import layer_outputs
from litmlp.engine.figures.plane import plane_figure
from litmlp.engine.figures.style import report_failed_picture
from litmlp.supervised import Supervised


class DecisionSurface(Callback):
    """Draws the prediction over the plane and the response of each unit.

    There is a picture before training, after epochs 1, 2, 4, 8, … and after the last
    epoch; data with another number of inputs have no picture.

    Args:
        folder: where the latest picture goes.
        grid_size: points along each axis.
    """

    def __init__(self, *, folder: str, grid_size: int = 50) -> None:
        self.folder = Path(folder)
        self.grid_size = grid_size
        self._plane: Plane | None = None

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        data = trainer.datamodule  # type: ignore[attr-defined]  # set by Lightning, not declared
        if trainer.is_global_zero and isinstance(data, Data):
            self._plane = data.plane
            if not trainer.ckpt_path:  # else it was drawn when the fit began
                self._draw(trainer, model, trainer.current_epoch)

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        epoch = trainer.current_epoch + 1
        if epoch.bit_count() == 1:
            self._draw(trainer, model, epoch)

    def on_train_end(self, trainer: Trainer, model: LightningModule) -> None:
        if trainer.current_epoch.bit_count() != 1:
            self._draw(trainer, model, trainer.current_epoch)

    @report_failed_picture()
    def _draw(self, trainer: Trainer, module: LightningModule, epoch: int) -> None:
        if self._plane is None:
            return
        model, data = cast(Supervised, module), trainer.datamodule  # type: ignore[attr-defined]  # as above
        size, points = self.grid_size, self._plane.points
        placed = self._plane.known_points
        middle = (placed.amin(0) + placed.amax(0)) / 2
        reach = 1.1 * (placed.amax(0) - middle).clamp(min=0.5)
        across = torch.linspace(-1, 1, size)
        grid = middle + reach * torch.cartesian_prod(across, across).flip(1)
        inputs = self._plane.to_inputs(grid).to(model.device)
        with torch.no_grad():
            features = model.encoding(model.preprocessing(inputs))
        units = {"inputs": features} | layer_outputs(model.shown_network, features)

        def on_grid(values: Tensor) -> Tensor:
            return values.double().cpu().reshape(size, size, -1)

        targets = data.samples.targets
        (left, right), (bottom, top) = torch.stack([middle - reach, middle + reach]).T
        figure = plane_figure(
            on_grid(model.predict(inputs)).numpy(),
            {name: on_grid(u).permute(2, 0, 1).numpy() for name, u in units.items()},
            {
                split: (points[rows].numpy(), targets[rows].ravel().numpy())
                for split, rows in data.rows.items()
            },
            box=(float(left), float(right), float(bottom), float(top)),
            names=self._plane.names,
            class_names=data.samples.class_names,
            title=f"epoch {epoch}",
        )
        position = model.position(epochs=epoch)
        publish(trainer, self.folder, "decision_surface", figure, position)
