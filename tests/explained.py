"""Runs with tables of every neuron and weight, read back from their folders."""

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from conftest import Ended, Run
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

EXACT = 1e-8
Lines = dict[tuple[str, ...], dict[str, str]]


@dataclass
class Explained:
    """A run whose iterations were explained, and its files."""

    folder: Path
    ended: Ended

    def text(self, title: str) -> str:
        """Return a table as TensorBoard's text tab has it."""
        events = EventAccumulator(str(self.folder))
        events.Reload()
        (event,) = events.Tensors(f"worked_example/{title}/text_summary")
        return str(event.tensor_proto.string_val[0].decode())

    def lines(self, title: str) -> Lines:
        """Return lines by neuron, iteration and row; or by weight and iteration."""
        rows = [line.strip("|").split("|") for line in self.text(title).splitlines()]
        cells = [[cell.strip() for cell in row] for row in rows]
        header, _, *body = cells
        keys = 3 if title == "neurons" else 2
        return {tuple(row[:keys]): dict(zip(header, row, strict=True)) for row in body}

    def logged(self, tag: str) -> list[float]:
        """Return a column of metrics.csv."""
        with (self.folder / "metrics.csv").open() as file:
            return [float(row[tag]) for row in csv.DictReader(file) if row[tag]]

    @property
    def summary(self) -> dict[str, Any]:
        summary: dict[str, Any] = json.loads((self.folder / "summary.json").read_text())
        return summary

    def weights(self, file: str = "last") -> dict[str, Tensor]:
        path = self.folder / "checkpoints" / f"{file}.ckpt"
        state = torch.load(path, weights_only=True)["state_dict"]
        return {k.removeprefix("network."): v for k, v in state.items()}


def run_explained(run: Run, *overrides: str) -> Explained:
    """Train with these overrides, in the test's own folder."""
    ended = run("train", *overrides)
    assert (ended.code, ended.err) == (0, "")
    (folder,) = re.findall(r"folder +(\S+)", ended.out)
    return Explained(Path(folder).resolve(), ended)
