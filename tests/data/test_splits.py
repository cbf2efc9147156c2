"""Splits: fractions, classes, groups, times, and the same rows for the same seed."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from litmlp.data.samples import Column, Samples
from litmlp.data.splits import split_rows
from litmlp.errors import UserError

SHARES = {"test_share": 0.2, "validation_share": 0.16}


def samples(targets: Tensor, num_classes: int = 0) -> Samples:
    return Samples(
        inputs=torch.zeros(len(targets), 1),
        targets=targets,
        columns=[Column(name="x")],
        target_names=["y"],
        class_names=[str(number) for number in range(num_classes)],
    )


REAL = samples(torch.randn(100, 1))
UNEVEN = samples(torch.tensor([0] * 350 + [1] * 100 + [2] * 50), num_classes=3)


def test_shares_are_of_all_rows() -> None:
    rows = split_rows(REAL, **SHARES, seed=0)
    sizes = {split: len(chosen) for split, chosen in rows.items()}
    assert sizes == {"train": 64, "val": 16, "test": 20}
    assert list(sizes) == ["train", "val", "test"]
    # 0.07 · 100 is 7.000000000000001
    rows = split_rows(REAL, test_share=0.07, validation_share=0.123, seed=0)
    assert (len(rows["test"]), len(rows["val"])) == (7, 13)


def test_classes_keep_their_fractions_in_every_split() -> None:
    for chosen in split_rows(UNEVEN, **SHARES, seed=0).values():
        shares = UNEVEN.targets[chosen].bincount() / len(chosen)
        assert shares.tolist() == pytest.approx([0.7, 0.2, 0.1], abs=0.001)


def test_rows_follow_from_the_seed() -> None:
    first, again, other = (split_rows(REAL, **SHARES, seed=s) for s in (0, 0, 1))
    for split in first:
        assert torch.equal(first[split], again[split])
        assert not torch.equal(first[split], other[split])


def test_another_validation_share_leaves_the_test_rows() -> None:
    few = split_rows(REAL, test_share=0.2, validation_share=0.1, seed=0)
    many = split_rows(REAL, test_share=0.2, validation_share=0.3, seed=0)
    assert torch.equal(few["test"], many["test"])


def test_a_split_of_no_rows_is_left_out() -> None:
    rows = split_rows(REAL, test_share=0.0, validation_share=0.0, seed=0)
    assert list(rows) == ["train"]
    assert rows["train"].tolist() == list(range(100))
    without_test = split_rows(REAL, test_share=0.0, validation_share=0.16, seed=0)
    assert list(without_test) == ["train", "val"]
    assert len(without_test["train"]) == 84


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"test_share": 0.5, "validation_share": 0.5}, "leave no rows of 100"),
        ({"test_share": 0.004}, "a test split of one row of 100 measures"),
        ({"num_folds": 1}, "num_folds=1: needs 2 folds"),
        ({"num_folds": 101}, "not more than the 100 rows"),
        ({"num_folds": 5, "fold": 5}, "a fold from 0 to 4"),
        ({"num_folds": 5, "fold": -1}, "a fold from 0 to 4"),
    ],
)
def test_impossible_splits_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        split_rows(REAL, **{**SHARES, "seed": 0, **options})


def test_a_class_too_small_to_be_split_is_refused() -> None:
    lonely = samples(torch.tensor([0] * 20 + [1]), num_classes=2)
    with pytest.raises(UserError, match=r"cannot take 5 of 21 rows for test.*too few"):
        split_rows(lonely, **SHARES, seed=0)
    many = samples(torch.arange(10).repeat(5), num_classes=10)
    with pytest.raises(UserError, match="cannot take 5 of 50 rows for test"):
        split_rows(many, test_share=0.1, validation_share=0, seed=0)


def sizes(rows: dict[str, Tensor]) -> dict[str, int]:
    return {split: len(chosen) for split, chosen in rows.items()}


def test_given_rows_stay_and_the_shares_are_of_the_others() -> None:
    test = replace(UNEVEN, given={"test": torch.arange(0, 500, 5)})
    rows = split_rows(test, **SHARES, seed=0)
    assert rows["test"].tolist() == list(range(0, 500, 5))
    assert sizes(rows) == {"train": 336, "val": 64, "test": 100}
    both = replace(test, given={**test.given, "val": torch.arange(1, 500, 5)})
    rows = split_rows(both, **SHARES, seed=0)
    assert sizes(rows) == {"train": 300, "val": 100, "test": 100}
    together = torch.cat(list(rows.values()))
    assert together.sort().values.tolist() == list(range(500))


def test_the_latest_rows_are_the_test_and_those_before_them_validation() -> None:
    times = torch.randperm(100, generator=torch.Generator().manual_seed(0)).double()
    rows = split_rows(replace(REAL, times=times), **SHARES, seed=0)
    assert times[rows["test"]].sort().values.tolist() == list(range(80, 100))
    assert times[rows["val"]].sort().values.tolist() == list(range(64, 80))


GROUPS = torch.randint(60, [500], generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("data", [samples(torch.randn(500, 1)), UNEVEN])
def test_a_group_is_in_one_split_and_shares_are_kept_nearly(data: Samples) -> None:
    rows = split_rows(replace(data, groups=GROUPS), **SHARES, seed=0)
    groups = [set(GROUPS[chosen].tolist()) for chosen in rows.values()]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 60
    for split, share in (("test", 0.2), ("val", 0.16), ("train", 0.64)):
        assert len(rows[split]) / 500 == pytest.approx(share, abs=0.03)
        if data.class_names:
            counts = UNEVEN.targets[rows[split]].bincount() / len(rows[split])
            assert counts.tolist() == pytest.approx([0.7, 0.2, 0.1], abs=0.05)


@pytest.mark.parametrize("groups", [None, GROUPS])
@pytest.mark.parametrize("data", [samples(torch.randn(500, 1)), UNEVEN])
def test_every_row_is_in_the_test_of_one_fold(
    data: Samples, groups: Tensor | None
) -> None:
    data = replace(data, groups=groups)
    folds = [
        split_rows(data, **SHARES, seed=0, num_folds=5, fold=fold) for fold in range(5)
    ]
    tests = torch.cat([fold["test"] for fold in folds])
    assert sorted(tests.tolist()) == list(range(500))
    for fold in folds:
        assert sorted(torch.cat(list(fold.values())).tolist()) == list(range(500))
        if groups is None:
            assert len(fold["val"]) == 80
        else:
            own = [set(groups[chosen].tolist()) for chosen in fold.values()]
            assert sum(map(len, own)) == len(set.union(*own)) == 60
        if data.class_names:
            shares = UNEVEN.targets[fold["test"]].bincount() / len(fold["test"])
            near = pytest.approx([0.7, 0.2, 0.1], abs=1e-6 if groups is None else 0.1)
            assert shares.tolist() == near


def test_too_few_groups_are_refused() -> None:
    one = replace(REAL, groups=torch.zeros(100, dtype=torch.long))
    with pytest.raises(UserError, match=r"data\.group: 1 groups are too few"):
        split_rows(one, **SHARES, seed=0)
    with pytest.raises(UserError, match="not more than the 1 groups"):
        split_rows(one, **SHARES, seed=0, num_folds=5)


def test_a_class_without_training_rows_is_refused() -> None:
    times = torch.arange(500)  # and in the order of the classes
    with pytest.raises(UserError, match="no training rows of class 1, 2: each"):
        split_rows(replace(UNEVEN, times=times), **SHARES, seed=0)


def test_a_class_without_any_rows_is_no_fault_of_the_split() -> None:
    first_two = samples(torch.tensor([0, 1] * 50), num_classes=3)
    assert len(split_rows(first_two, **SHARES, seed=0)["train"]) == 64


def test_a_rare_class_may_be_in_some_folds_alone() -> None:
    rare = samples(torch.tensor([0] * 40 + [1] * 3), num_classes=2)
    tests = [
        split_rows(rare, **SHARES, seed=0, num_folds=5, fold=fold)["test"]
        for fold in range(5)
    ]
    assert sum(int(rare.targets[rows].sum()) for rows in tests) == 3
    all_rare = samples(torch.tensor([0, 1] * 3), num_classes=2)
    with pytest.raises(UserError, match=r"data\.num_folds=5: "):
        split_rows(all_rare, **SHARES, seed=0, num_folds=5)
