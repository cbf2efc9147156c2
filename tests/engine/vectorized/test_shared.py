"""Runs share what they can of their data."""

import gc
import weakref

import pytest
import torch
from conftest import Compose

from litmlp.data.data_module import Data
from litmlp.data.preprocessing import Preprocessed
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
