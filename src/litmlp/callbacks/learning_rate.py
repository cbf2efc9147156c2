"""The learning rate's curve."""

from typing import cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from litmlp.supervised import Supervised


class LearningRate(Callback):
    """Logs ``lr`` of each epoch's first iteration, one tag for every optimizer."""

    def on_train_epoch_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._rate = trainer.optimizers[0].param_groups[0]["lr"]

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        cast(Supervised, model).report({"lr": torch.as_tensor(self._rate)})
