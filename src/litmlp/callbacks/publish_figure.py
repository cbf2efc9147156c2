"""Pictures for TensorBoard's images tab and the run's folder."""

from pathlib import Path

from lightning.pytorch import Trainer
from matplotlib.figure import Figure

from litmlp.engine.figures.style import as_png
from litmlp.engine.folder.loggers import TensorBoard
from litmlp.training_state import Position


def publish(
    trainer: Trainer, folder: Path, name: str, figure: Figure, position: Position
) -> None:
    """Show a figure in TensorBoard, and keep the latest as ``<folder>/<name>.png``."""
    png = as_png(figure, dpi=80)  # an event file holds many
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.png").write_bytes(png)
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoard):
            logger.log_png(name, png, position)
