"""The learning rate's curve."""

from lightning.pytorch import Callback, LightningModule, Trainer


class LearningRate(Callback):
    """Logs ``lr`` after each epoch, under the same tag for every optimizer."""

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        model.log("lr", trainer.optimizers[0].param_groups[0]["lr"])
