"""Runs share what they can of their data."""

import gc
import os
import weakref
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from conftest import CONF, Compose
from hydra import compose, initialize_config_dir
from interrupted import CLEAN

from litmlp.data.data_module import Data
from litmlp.data.preprocessing import Preprocessed
from litmlp.engine.process.memory import KEPT, keep_freed
from litmlp.engine.vectorized.data_cache import RECENT, SharedData


def test_a_table_is_read_once_and_a_split_is_fitted_once(config: Compose) -> None:
    shared = SharedData()
    first, order, split, precision, table = (
        shared.build(config("data=gauss", *own))
        for own in (
            [],
            ["seed=1", "data.batch_size=16"],
            ["data.split_seed=1"],
            ["trainer.precision=64-true"],
            ["data.num_samples=50"],
        )
    )
    assert order.samples is first.samples is split.samples
    assert order.rows is first.rows
    assert order.fitted_preprocessing is first.fitted_preprocessing
    assert order.order_seed == 1
    assert split.fitted_preprocessing is not first.fitted_preprocessing
    assert not torch.equal(split.rows["train"], first.rows["train"])
    assert len({id(data.samples) for data in (first, precision, table)}) == 3


def test_rows_are_preprocessed_when_they_are_taken(config: Compose) -> None:
    data = SharedData().build(config("data=gauss"))
    rows = data.features["train"]
    assert isinstance(rows, Preprocessed)
    raw = data.samples.inputs[data.rows["train"]]
    expected = data.fitted_preprocessing(raw)
    assert torch.equal(rows[:], expected)
    assert torch.equal(rows[torch.tensor([5, 2])], expected[[5, 2]])
    features, targets = next(iter(data.train_dataloader()))
    chosen = next(iter(data.train_batches))
    assert torch.equal(features, expected[chosen])
    assert torch.equal(targets, data.split_targets["train"][chosen])


@pytest.mark.parametrize("others", [RECENT - 1, RECENT])
def test_only_the_last_tables_are_kept(config: Compose, others: int) -> None:
    shared = SharedData()
    held = weakref.ref(shared.build(config("data=gauss")))
    for count in range(others):
        shared.build(config("data=gauss", f"data.num_samples={50 + count}"))
    gc.collect()
    assert isinstance(held(), Data) is (others < RECENT)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux tells it")
def test_splits_take_no_memory_but_for_their_own(tmp_path: Path) -> None:
    """Regression: what stays of a split cut the blocks that fitting it had left."""
    table = tmp_path / "table.parquet"
    columns = torch.randn(100, 20_000).numpy()
    pl.DataFrame({f"x{i}": column for i, column in enumerate(columns)}).write_parquet(
        table
    )
    grown = CLEAN.SimpleQueue()
    process = CLEAN.Process(target=build_many, args=(table, grown))
    process.start()
    process.join()
    assert grown.get() < 20e6


def build_many(table: Path, grown: Any) -> None:
    """Tell by how many bytes a process grows with the splits after the third."""
    keep_freed(KEPT)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        chosen = ["data=table", f"data.path={table}", "data.target=x0"]
        config = compose("train", [*chosen, "task=regression", "seed=1"])
    shared, held = SharedData(), []
    for split in range(20):
        config.data.split_seed = split
        held.append(shared.build(config))
        if split == 3:
            before = resident()
    grown.put(resident() - before)


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
