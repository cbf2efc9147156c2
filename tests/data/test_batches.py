"""Batches: no row lost or doubled; the order follows from seed and epoch."""

import pytest
import torch
from torch import Tensor

from litmlp.data.batches import Batches, loader


def drawn(
    num_rows: int, batch_size: int, seed: int | None = 0, epoch: int = 0
) -> Tensor:
    batches = Batches(num_rows, batch_size, order_seed=seed)
    batches.set_epoch(epoch)
    return torch.cat(list(batches))


@pytest.mark.parametrize(
    ("num_rows", "batch_size", "smallest", "sizes"),
    [
        (10, 5, 1, [5, 5]),
        (10, 4, 1, [4, 4, 2]),
        (10, 64, 1, [10]),
        (3, 1, 1, [1, 1, 1]),
        (9, 4, 2, [4, 5]),
        (10, 4, 2, [4, 4, 2]),
        (1, 4, 2, [1]),
    ],
)
def test_sizes_of_batches(
    num_rows: int, batch_size: int, smallest: int, sizes: list[int]
) -> None:
    batches = Batches(num_rows, batch_size, smallest=smallest)
    assert [len(batch) for batch in batches] == sizes
    assert len(batches) == len(sizes)


@pytest.mark.parametrize("smallest", [1, 2])
@pytest.mark.parametrize("seed", [None, 0, 7])
def test_every_row_comes_once_per_epoch(seed: int | None, smallest: int) -> None:
    batches = Batches(33, 4, order_seed=seed, smallest=smallest)
    for epoch in range(3):
        batches.set_epoch(epoch)
        rows = torch.cat(list(batches))
        assert rows.sort().values.tolist() == list(range(33))
        assert (rows.tolist() == list(range(33))) is (seed is None)


def test_order_does_not_depend_on_the_batch_size() -> None:
    assert torch.equal(drawn(100, 8), drawn(100, 16))


def test_no_two_of_many_seeds_and_epochs_share_an_order() -> None:
    orders = {
        tuple(drawn(50, 50, seed, epoch).tolist())
        for seed in (0, 1, 2, 3, 2**32 - 1)
        for epoch in range(20)
    }
    assert len(orders) == 100


def test_the_order_can_stay_the_same() -> None:
    batches = Batches(20, 8, order_seed=3, new_order=False)
    orders = []
    for epoch in range(3):
        batches.set_epoch(epoch)
        orders.append(torch.cat(list(batches)))
    assert all(torch.equal(order, drawn(20, 8, 3)) for order in orders)


def test_drawing_leaves_torchs_own_random_numbers_alone() -> None:
    state = torch.get_rng_state()
    batches = Batches(20, 8, order_seed=0)
    list(loader(batches, torch.zeros(20, 2), torch.zeros(20)))
    assert torch.equal(torch.get_rng_state(), state)


def test_loader_keeps_features_and_targets_together() -> None:
    rows = torch.arange(20)
    features, targets = rows[:, None] * torch.ones(3), rows.clone()
    batches = Batches(20, 8, order_seed=0)
    given = list(loader(batches, features, targets))
    assert [tuple(x.shape) for x, _ in given] == [(8, 3), (8, 3), (4, 3)]
    for (x, y), expected in zip(given, batches, strict=True):
        assert torch.equal(y, expected)
        assert torch.equal(x[:, 0], y.float())
