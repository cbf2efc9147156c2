"""Which rows each member is trained on in each iteration."""

import torch

from litmlp.data.batches import Batches
from litmlp.engine.vectorized.batch_plan import row_orders, subgroups_of

BATCHES = [
    Batches(8, 3),  # 3, 3, 2
    Batches(7, 3, smallest=2),  # 3, 4: the last row joins the batch before
    Batches(8, 3, order_seed=1),
]


def test_members_whose_batches_are_of_one_size_are_a_part() -> None:
    found = [
        [
            (p.indices if p.indices is None else p.indices.tolist(), p.columns)
            for p in parts
        ]
        for parts in subgroups_of(BATCHES)
    ]
    assert found == [
        [(None, slice(0, 3))],
        [([0, 2], slice(3, 6)), ([1], slice(3, 7))],
        [([0, 2], slice(6, 8))],
    ]


def test_rows_are_numbered_among_those_of_all_splits() -> None:
    rows = row_orders(BATCHES, [0, 8, 8], [0, 0, 0])
    assert rows[0].tolist() == list(range(8))
    assert rows[1].tolist() == [*range(8, 15), 8]  # its first row fills it up
    BATCHES[2].set_epoch(0)
    assert torch.equal(rows[2], 8 + torch.cat(list(BATCHES[2])))
    assert sorted(rows[2].tolist()) == list(range(8, 16))
    assert not torch.equal(rows[2], row_orders(BATCHES, [0, 8, 8], [0, 0, 1])[2])


def test_a_subgroup_knows_its_place() -> None:
    numbers = torch.arange(24).view(3, 8)
    (_, (some, one), _) = subgroups_of(BATCHES)
    assert numbers[some.place].tolist() == [[3, 4, 5], [19, 20, 21]]
    assert one.num_rows == 4
