"""How fast a training step is: python scripts/benchmark.py [--epochs 200] [--rounds 3].

Ways to train the same network on the same rows, in turn in one process and on one
thread: a hand-written loop, this project's whole training path with its defaults and
with fewer and more callbacks, and the common Lightning style. Only ratios within one
run mean anything.
"""

import argparse
import logging
import math
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator
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

from litmlp.build import build_model, build_trainer
from litmlp.console import console, table
from litmlp.data.module import Data
from litmlp.data.samples import Column, Samples
from litmlp.mlp import MLP
from litmlp.process import settings

ROWS, FEATURES, CLASSES, BATCH_SIZE = 4096, 30, 5, 128
SIZES = ([64, 64], [256, 256, 256])
LITMLP = {  # overrides; nothing may stop early
    "litmlp": ("~callbacks.early_stopping",),
    "litmlp, no diagnosis": ("~callbacks.early_stopping", "~callbacks.diagnosis"),
    "litmlp, callbacks=minimal": ("callbacks=minimal",),
    "litmlp, callbacks=full": ("callbacks=full", "~callbacks.early_stopping"),
}
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
    """Takes the times of a Trainer's epochs."""

    def __init__(self) -> None:
        self.times = Times()
        self.start = math.nan

    def on_train_epoch_start(self, *_: Any) -> None:
        now = time.perf_counter()
        if not math.isnan(self.start):
            self.times.epochs.append(now - self.start)
        self.start = now

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.is_last_batch:
            self.times.batches.append(time.perf_counter() - self.start)


def by_hand(hidden_sizes: list[int], data: Data, epochs: int) -> Times:
    """(a) A loop that does what has to be done and nothing else."""
    network = MLP(num_features=FEATURES, num_outputs=CLASSES, hidden_sizes=hidden_sizes)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    criterion = nn.CrossEntropyLoss()
    targets = {split: data.samples.targets[rows] for split, rows in data.rows.items()}
    x, y = data.features["train"], targets["train"]
    times = Times()
    for _ in range(epochs):
        start = time.perf_counter()
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
        times.batches.append(time.perf_counter() - start)
        with torch.inference_mode():
            outputs = network(data.features["val"])
            float(criterion(outputs, targets["val"]))
            float((outputs.argmax(1) == targets["val"]).float().mean())
        times.epochs.append(time.perf_counter() - start)
    return times


def by_litmlp(
    hidden_sizes: list[int], data: Data, epochs: int, overrides: tuple[str, ...]
) -> Times:
    """(b) This project: all that a run does, with these overrides."""
    with (
        tempfile.TemporaryDirectory() as folder,
        initialize_config_dir(str(CONF), version_base="1.3"),
    ):
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
        clock = Clock()
        with settings(config):
            trainer = build_trainer(config)
            trainer.callbacks.insert(0, clock)  # type: ignore[attr-defined]  # set by Lightning, not declared
            trainer.fit(build_model(config, data), datamodule=data)
    return clock.times


class CommonStyle(lightning.LightningModule):
    """What tutorials show: everything logged at every step."""

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


def by_common_style(hidden_sizes: list[int], data: Data, epochs: int) -> Times:
    """(c) TensorDataset, DataLoader, metrics logged at each step, TensorBoard."""
    loaders = {
        split: DataLoader(
            TensorDataset(data.features[split], data.samples.targets[rows]),
            batch_size=BATCH_SIZE,
            shuffle=split == "train",
        )
        for split, rows in data.rows.items()
    }
    clock = Clock()
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
    return clock.times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--epochs", type=int, default=200, help="of (a) and (b), a round"
    )
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    data = Benchmark(batch_size=BATCH_SIZE, test_share=0, validation_share=0.2)
    result = table(
        "",
        "µs a batch, fastest epoch",
        "ratio",
        "ms an epoch, mean of the fastest round",
        "ratio",
    )
    for hidden_sizes in SIZES:
        totals: dict[str, Times] = defaultdict(Times)
        for name, times in rounds(arguments, hidden_sizes, data):
            totals[name].batches += times.batches
            totals[name].epochs.append(sum(times.epochs) / len(times.epochs))
        batch_count = math.ceil(ROWS / BATCH_SIZE)
        fastest = {n: min(t.batches) / batch_count for n, t in totals.items()}
        mean = {n: min(t.epochs) for n, t in totals.items()}
        for name in totals:
            result.add_row(
                f"{'-'.join(map(str, hidden_sizes))} {name}",
                f"{fastest[name] * 1e6:.0f}",
                f"{fastest[name] / fastest['by hand']:.2f}",
                f"{mean[name] * 1e3:.1f}",
                f"{mean[name] / mean['by hand']:.2f}",
            )
        result.add_section()
    console.print(result)


def rounds(
    arguments: argparse.Namespace, hidden_sizes: list[int], data: Data
) -> Iterator[tuple[str, Times]]:
    """Every way in turn, several times over, so that a slow moment hits all."""
    epochs = arguments.epochs
    for _ in range(arguments.rounds):
        yield "by hand", by_hand(hidden_sizes, data, epochs)
        for name, overrides in LITMLP.items():
            yield name, by_litmlp(hidden_sizes, data, epochs, overrides)
        # Fewer epochs: it is slow, and its epochs are all alike.
        yield "common style", by_common_style(hidden_sizes, data, max(5, epochs // 10))


if __name__ == "__main__":
    main()
