"""The speed of a training."""

import time
from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from litmlp.supervised import Supervised


class Throughput(Callback):
    """Logs ``samples_per_second``: training rows per second of their batches."""

    def __init__(self) -> None:
        self.samples = 0
        self.seconds = 0.0
        self._epoch_samples = 0
        self._start = self._end = 0.0

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        passed = self._end - self._start  # of an epoch that goes on
        self._end = time.perf_counter()
        self._start = self._end - passed

    def on_train_epoch_start(self, trainer: Trainer, model: LightningModule) -> None:
        self._epoch_samples = 0
        self._start = self._end = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        self._epoch_samples += len(batch[1])
        self._end = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, model: LightningModule) -> None:
        seconds = self._end - self._start
        samples = self._epoch_samples * trainer.world_size
        self.samples += samples
        self.seconds += seconds
        if seconds:
            speed = torch.tensor(samples / seconds)
            cast(Supervised, model).report({"samples_per_second": speed})

    def state_dict(self) -> dict[str, Any]:
        speed = self.samples / self.seconds if self.seconds else 0.0
        return {
            "samples": self.samples,
            "seconds": self.seconds,
            "samples_per_second": speed,
            "epoch": [self._epoch_samples, self._end - self._start],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.samples, self.seconds = state["samples"], state["seconds"]
        self._epoch_samples, self._end = state["epoch"]
