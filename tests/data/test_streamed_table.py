"""A table whose features stay on the disk is the table that fits in memory."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from conftest import CONF, Compose

from litmlp.data import data_module, disk_tensors
from litmlp.data.batches import shuffled
from litmlp.data.table import TableData
from litmlp.engine.folder.run_folder import read_summary
from litmlp.engine.run.train import train
from litmlp.errors import UserError


@pytest.fixture
def people(tmp_path: Path) -> str:
    """People without some targets, heights and cities, of several kinds of columns."""
    path = tmp_path / "people.parquet"
    people = pl.read_csv(CONF.parent / "tests/people.csv", try_parse_dates=True)
    rows = np.random.default_rng(0).permutation(people.height)
    missing = pl.Series(rows % 7 == 0)
    people = people.with_columns(
        pl.when(~missing).then(pl.col("income")), pl.when(~missing).then(pl.col("city"))
    )
    people.write_parquet(path, row_group_size=50)
    return str(path)


def both_ways(path: str, **options: Any) -> list[TableData]:
    options = {"path": path, "target": "income", "drop": ["id"]} | options
    return [TableData(stream=stream, **options) for stream in (False, True)]


def test_the_same_rows_are_read_and_preprocessed(people: str) -> None:
    known, streamed = both_ways(people)
    assert streamed.samples.columns == known.samples.columns
    assert streamed.samples.column_report == known.samples.column_report
    assert streamed.samples.digest == known.samples.digest
    for split, features in known.split_features.items():
        assert torch.equal(streamed.split_features[split], features)
        assert disk_tensors.is_on_disk(streamed.split_features[split])
        assert not disk_tensors.is_on_disk(features)


def test_an_epoch_without_shuffling_has_the_same_bits(
    people: str, config: Compose, tmp_path: Path
) -> None:
    own = ["data=table", f"data.path={people}", "data.target=income", "data.drop=[id]"]
    own += ["task=regression"]
    own += ["data.order_seed=null", "trainer.max_epochs=1", "trainer=cpu"]
    for stream in ("false", "true"):
        train(config(*own, f"data.stream={stream}", folder=stream))
    found, expected = (
        torch.load(tmp_path / name / "checkpoints/last.ckpt", weights_only=True)
        for name in ("true", "false")
    )
    for name, value in expected["state_dict"].items():
        assert torch.equal(found["state_dict"][name], value)
    summaries = [read_summary(tmp_path / name) for name in ("true", "false")]
    assert summaries[0]["metrics"] == summaries[1]["metrics"]


def test_rows_of_other_files_are_read_in_pieces(people: str, tmp_path: Path) -> None:
    other = str(tmp_path / "other.parquet")
    pl.read_parquet(people).reverse().with_columns(extra=1).write_parquet(other)
    known, streamed = both_ways(people, test_path=other, weight="height")
    assert torch.equal(streamed.split_features["test"], known.split_features["test"])
    assert streamed.samples.digest == known.samples.digest


def test_rows_are_shuffled_within_buffers_of_pieces() -> None:
    generator = torch.Generator().manual_seed(0)
    order = shuffled(1000, 128, generator)
    assert torch.equal(order.sort().values, torch.arange(1000))
    first = order[:128]
    assert len(set((first // 2).tolist())) == 64  # 64 pieces of two rows
    assert first.max() - first.min() > 800
    assert not torch.equal(first.view(64, 2)[:, 0] + 1, first.view(64, 2)[:, 1])
    again = shuffled(1000, 128, torch.Generator().manual_seed(0))
    assert torch.equal(order, again)


def test_only_features_on_the_disk_are_shuffled_within_buffers(
    people: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_module, "BUFFER", 64)
    for data in both_ways(people):
        assert data.train_batches.buffer == (64 if data.stream else None)
        rows = torch.cat(list(data.train_batches))
        assert torch.equal(rows.sort().values, torch.arange(len(rows)))


def test_what_cannot_be_streamed_is_refused(
    people: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv = str(tmp_path / "people.csv")
    pl.read_parquet(people).write_csv(csv)
    with pytest.raises(UserError, match=r"stream=true needs Parquet, and .* is csv"):
        TableData(path=csv, target="income", stream=True).load()
    with pytest.raises(UserError, match="has no column nothing"):
        TableData(path=people, target="nothing", stream=True).load()
    monkeypatch.setattr(
        disk_tensors.shutil, "disk_usage", lambda _: SimpleNamespace(free=10)
    )
    with pytest.raises(UserError, match="TMPDIR"):
        TableData(path=people, target="income", drop=["id"], stream=True).load()
