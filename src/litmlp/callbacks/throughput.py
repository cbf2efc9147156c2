"""The speed of a training."""

import time
from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from litmlp.supervised import Supervised


class Throughput(Callback):
    """Logs ``samples_per_second``: training rows per second of their batches.

    That of an epoch which goes on after an interruption is the speed of its rest.
    """

    def __init__(self) -> None:
        self.samples = 0
        self.seconds = 0.0

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._before = self.samples, self.seconds
        self._last = time.perf_counter()

    def on_train_epoch_start(self, trainer: Trainer, model: LightningModule) -> None:
        self.on_train_start(trainer, model)

    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        now = time.perf_counter()
        self.samples += len(batch[1]) * trainer.world_size
        self.seconds += now - self._last
        self._last = now

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        samples_before, seconds_before = self._before
        if seconds := self.seconds - seconds_before:
            speed = torch.tensor((self.samples - samples_before) / seconds)
            cast(Supervised, model).report({"samples_per_second": speed})

    def state_dict(self) -> dict[str, Any]:
        speed = self.samples / self.seconds if self.seconds else 0.0
        own = {"samples": self.samples, "seconds": self.seconds}
        return own | {"samples_per_second": speed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.samples, self.seconds = state["samples"], state["seconds"]
