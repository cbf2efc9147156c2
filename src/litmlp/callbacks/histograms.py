"""Histograms of weights, gradients and activations in TensorBoard."""

from lightning.pytorch import Trainer
from torch import Tensor

from litmlp.callbacks.layer_snapshots import Snapshot, Snapshots
from litmlp.engine.figures.style import report_failed_picture
from litmlp.engine.folder.loggers import TensorBoard
from litmlp.supervised import Supervised


class Histograms(Snapshots):
    """Draws ``weight``, ``gradient`` and ``activation`` of each layer (``…/layer_1``).

    Args:
        every_epochs: how often; the first two epochs and the last are always drawn.
        bins: per histogram; TensorBoard shows 30.
    """

    def __init__(self, *, every_epochs: int = 10, bins: int = 30) -> None:
        super().__init__(every_epochs=every_epochs)
        self.bins = bins

    @report_failed_picture()
    def look(self, trainer: Trainer, model: Supervised, snapshot: Snapshot) -> None:
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoard):
                for tag, values in distributions(snapshot).items():
                    logger.experiment.add_histogram(
                        tag, values, logger.x(snapshot.position), bins=self.bins
                    )


def distributions(snapshot: Snapshot) -> dict[str, Tensor]:
    """Return the finite numbers of each kind and layer, by tag."""
    values: dict[str, Tensor] = {}
    for layer in snapshot.layers:
        values[f"weight/{layer.name}"] = layer.weight
        if layer.gradient is not None:
            values[f"gradient/{layer.name}"] = layer.gradient
        if layer.name != "output":
            values[f"activation/{layer.name}"] = layer.outputs.float()
    finite = {tag: value[value.isfinite()] for tag, value in values.items()}
    return {tag: value for tag, value in finite.items() if len(value)}
