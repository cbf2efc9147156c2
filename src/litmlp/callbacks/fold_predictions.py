"""Predictions of a run for the rows of its fold, which it was not trained on."""

from pathlib import Path

import polars as pl
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from litmlp.data.batches import EVALUATION_BATCH_SIZE
from litmlp.data.data_module import Data
from litmlp.data.prediction_table import predicted_columns, true_columns
from litmlp.data.splits import labels_of
from litmlp.engine.folder.atomic_files import replace
from litmlp.supervised import Supervised

FILE = "predictions.csv"


class FoldPredictions(Callback):
    """Writes ``predictions.csv`` when the best weights have been tested.

    The columns: ``row`` (0 is the first below the header), ``fold``, each true target,
    ``predicted_<target>`` and, for classes, ``probability_<class>``. Of the data with
    folds, the test rows are those of the run's fold.
    """

    def __init__(self, *, folder: Path, data: Data) -> None:
        self.folder = folder
        self.data = data

    @torch.inference_mode()
    def on_test_end(self, trainer: Trainer, model: LightningModule) -> None:
        assert isinstance(model, Supervised)
        samples, rows = self.data.samples, self.data.rows["test"]
        numbers = rows if samples.numbers is None else samples.numbers[rows]
        labels = labels_of(samples)
        targets = samples.targets if labels is None else labels
        batches = torch.split(samples.inputs[rows], EVALUATION_BATCH_SIZE)
        predicted = [model.predict(batch.to(model.device)).cpu() for batch in batches]
        outputs = torch.cat(predicted)
        tables = [
            pl.DataFrame({"row": numbers.numpy(), "fold": self.data.fold}),
            true_columns(samples, targets[rows]),
            predicted_columns(samples, outputs, model.bounds, model.prefix),
        ]
        whole = pl.concat(tables, how="horizontal")
        replace(self.folder / FILE, whole.write_csv)
