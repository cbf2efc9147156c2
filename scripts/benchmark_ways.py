"""The ways to train one network on the same rows that the benchmarks compare."""

import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning
import torch
import torchmetrics
from hydra import compose, initialize_config_dir
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from litmlp.data.data_module import Data
from litmlp.data.samples import Column, Samples
from litmlp.engine.config.build import build_model, build_trainer
from litmlp.engine.config.run_settings import run_settings
from litmlp.mlp import MLP

ROWS, FEATURES, CLASSES, BATCH_SIZE = 4096, 30, 5, 128
CONF = Path(__file__).resolve().parents[1] / "conf"


@dataclass
class Times:
    """Seconds of an epoch's training batches, and of the whole epoch."""

    batches: list[float] = field(default_factory=list)
    epochs: list[float] = field(default_factory=list)


class Benchmark(Data):
    """Random rows; as many again, a quarter, for validation."""

    def load(self) -> Samples:
        generator = torch.Generator().manual_seed(0)
        inputs = torch.randn(ROWS * 5 // 4, FEATURES, generator=generator)
        targets = (inputs @ torch.randn(FEATURES, CLASSES, generator=generator)).argmax(
            1
        )
        columns = [Column(name=f"x{i}") for i in range(FEATURES)]
        classes = [str(i) for i in range(CLASSES)]
        return Samples(
            inputs=inputs,
            targets=targets,
            columns=columns,
            target_names=["class"],
            class_names=classes,
        )


class Clock(lightning.Callback):
    """Takes the times of a training's epochs.

    Args:
        pause: called between two epochs; its time is nobody's.
    """

    def __init__(self, pause: Callable[[], None] = lambda: None) -> None:
        self.times = Times()
        self.pause = pause
        self.start = math.nan

    def start_epoch(self) -> None:
        """End the epoch before, if any, and begin the next."""
        if not math.isnan(self.start):
            self.times.epochs.append(time.perf_counter() - self.start)
        self.pause()
        self.start = time.perf_counter()

    def end_batches(self) -> None:
        """Note how long the training batches took."""
        self.times.batches.append(time.perf_counter() - self.start)

    def on_train_epoch_start(self, *_: Any) -> None:
        self.start_epoch()

    def on_validation_start(self, *_: Any) -> None:
        self.end_batches()


def by_hand(hidden_sizes: list[int], data: Data, epochs: int, clock: Clock) -> None:
    """(a) A loop that does what has to be done and nothing else."""
    network = MLP(num_features=FEATURES, num_outputs=CLASSES, hidden_sizes=hidden_sizes)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    criterion = nn.CrossEntropyLoss()
    features = {split: rows[:] for split, rows in data.split_features.items()}
    targets = data.split_targets
    x, y = features["train"], targets["train"]
    for _ in range(epochs):
        clock.start_epoch()
        loss_sum, correct = torch.zeros(()), torch.zeros((), dtype=torch.long)
        for rows in torch.split(torch.randperm(len(x)), BATCH_SIZE):
            inputs, labels = x[rows], y[rows]
            outputs = network(inputs)
            loss = criterion(outputs, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach() * len(rows)
            correct += (outputs.argmax(1) == labels).sum()
        float(loss_sum / len(x)), float(correct / len(x))
        clock.end_batches()
        with torch.inference_mode():
            outputs = network(features["val"])
            float(criterion(outputs, targets["val"]))
            float((outputs.argmax(1) == targets["val"]).float().mean())


def by_litmlp(
    hidden_sizes: list[int],
    data: Data,
    epochs: int,
    clock: Clock,
    overrides: tuple[str, ...],
) -> None:
    """(b) This project: all that a run does, with these overrides."""
    with tempfile.TemporaryDirectory() as folder:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config = compose(
                "train",
                [
                    f"model.hidden_sizes={hidden_sizes}",
                    f"trainer.max_epochs={epochs}",
                    f"folder={folder}",
                    "trainer=cpu",
                    *overrides,
                ],
            )
        with run_settings(config):
            trainer = build_trainer(config)
            trainer.callbacks.insert(0, clock)  # type: ignore[attr-defined]  # set by Lightning, not declared
            trainer.fit(build_model(config, data), datamodule=data)


class CommonStyle(lightning.LightningModule):
    """Training as tutorials show it: everything is logged at every step."""

    def __init__(self, hidden_sizes: list[int]) -> None:
        super().__init__()
        sizes = [FEATURES, *hidden_sizes]
        self.network = nn.Sequential(
            *(
                layer
                for i in range(len(hidden_sizes))
                for layer in (nn.Linear(sizes[i], sizes[i + 1]), nn.ReLU())
            ),
            nn.Linear(sizes[-1], CLASSES),
        )
        self.criterion = nn.CrossEntropyLoss()
        self.accuracy = torchmetrics.Accuracy("multiclass", num_classes=CLASSES)
        self.val_accuracy = torchmetrics.Accuracy("multiclass", num_classes=CLASSES)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        outputs = self.network(x)
        loss: Tensor = self.criterion(outputs, y)
        self.accuracy(outputs, y)
        self.log("train_loss", loss)
        self.log("train_accuracy", self.accuracy)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        x, y = batch
        outputs = self.network(x)
        self.val_accuracy(outputs, y)
        self.log("val_loss", self.criterion(outputs, y))
        self.log("val_accuracy", self.val_accuracy)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters())


def by_common_style(
    hidden_sizes: list[int], data: Data, epochs: int, clock: Clock
) -> None:
    """(c) TensorDataset, DataLoader, metrics logged at each step, TensorBoard."""
    loaders = {
        split: DataLoader(
            TensorDataset(data.split_features[split][:], targets),
            batch_size=BATCH_SIZE,
            shuffle=split == "train",
        )
        for split, targets in data.split_targets.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        trainer = lightning.Trainer(
            accelerator="cpu",
            max_epochs=epochs,
            logger=TensorBoardLogger(folder),
            callbacks=[clock],
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        trainer.fit(CommonStyle(hidden_sizes), loaders["train"], loaders["val"])
