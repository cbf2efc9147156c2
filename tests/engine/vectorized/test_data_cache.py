"""Runs share what they can of their data."""

import torch
from conftest import Compose

from litmlp.engine.vectorized.data_cache import DataCache


def test_a_table_is_read_once_and_a_split_is_fitted_once(config: Compose) -> None:
    cache = DataCache()
    first, order, split, precision, table = (
        cache.build(config("data=gauss", *own))
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
    assert order.split_features is first.split_features
    assert order.fitted_preprocessing is first.fitted_preprocessing
    assert order.order_seed == 1
    assert split.fitted_preprocessing is not first.fitted_preprocessing
    assert not torch.equal(split.rows["train"], first.rows["train"])
    assert len({id(data.samples) for data in (first, precision, table)}) == 3
