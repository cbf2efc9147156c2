"""The card in a run's folder says what its summary says, and only that."""

import json
import math
from pathlib import Path

import polars as pl
import pytest
import torch
from conftest import Compose
from scipy.stats import binomtest

from litmlp.data.config_rows import RowsData
from litmlp.engine.run.model_card import interval, metrics_with_intervals
from litmlp.engine.run.train import train

QUICK = ("trainer=cpu", "trainer.max_epochs=2", "logger=none", "callbacks=minimal")


def card_of(composed: object) -> str:
    train(composed)  # type: ignore[arg-type]
    return Path(composed.folder, "model_card.md").read_text(encoding="utf-8")  # type: ignore[attr-defined]


def test_a_card_has_the_numbers_of_the_summary(config: Compose) -> None:
    composed = config("data=wine", *QUICK)
    card = card_of(composed)
    summary = json.loads(Path(composed.folder, "summary.json").read_text())
    for tag, value in summary["metrics"].items():
        assert f"{value:.4g}" in card, tag
    for text in (*summary["versions"].values(), f"{summary['parameters']:,}"):
        assert text in card
    assert "| train | 113 |\n| val | 29 |\n| test | 36 |" in card
    assert "There are 36 test rows: much of the test metrics is chance." in card
    sections = [line for line in card.splitlines() if line.startswith("## ")]
    assert [line[3:] for line in sections] == [
        *("Data", "Metrics", "Settings that are no defaults", "Limits", "Versions"),
    ]


def test_names_from_a_file_cannot_write_into_the_card(
    config: Compose, tmp_path: Path
) -> None:
    names = ["<script>alert(1)</script>", "line\nbreak", "a|b"]
    rows = torch.randn(60, 3, generator=torch.Generator().manual_seed(0)).numpy()
    table = pl.DataFrame(rows, schema=names)
    classes = [("# <img src=x>", "cat")[i % 2] for i in range(60)]
    path = tmp_path / "odd.parquet"
    table.with_columns(pl.Series("pet", classes)).write_parquet(path)
    composed = config(
        "data=table", f"data.path={path}", "data.target=pet", "task=binary", *QUICK
    )
    card = card_of(composed)
    assert "<script>" not in card
    assert "<img" not in card
    assert "Features: &lt;script&gt;alert(1)&lt;/script&gt;, line break, a|b." in card
    assert "Classes: # &lt;img src=x&gt;, cat." in card


def rows_data(**shares: float) -> RowsData:
    inputs = [[float(i)] for i in range(100)]
    return RowsData(inputs=inputs, targets=inputs, **shares)


def test_the_interval_of_accuracy_is_that_of_wilson() -> None:
    data = rows_data(test_share=0.5, validation_share=0.0)
    found = metrics_with_intervals(
        data, {"accuracy/test": 0.9, "loss/test": 0.25, "auroc/test": math.nan}, {}
    )
    assert "| accuracy |  | 0.9 (0.786 to 0.957) |" in found
    assert "| loss |  | 0.25 |" in found
    for right, count in ((0, 7), (5, 7), (7, 7), (450, 500)):
        ends = binomtest(right, count).proportion_ci(method="wilson")
        assert interval(right / count, count) == pytest.approx((ends.low, ends.high))
    assert "| auroc |  | undefined |" in found
