"""Splits: shares, stratification, and the same rows for the same seed."""

import pytest
import torch
from sklearn.model_selection import train_test_split
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


@pytest.mark.parametrize("data", [REAL, UNEVEN])
def test_each_row_is_in_one_split(data: Samples) -> None:
    rows = torch.cat(list(split_rows(data, **SHARES, seed=0).values()))
    assert rows.sort().values.tolist() == list(range(len(data.inputs)))


def test_classes_keep_their_shares_in_every_split() -> None:
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


@pytest.mark.parametrize("share", [0.02, 0.1, 0.123, 0.25, 0.5])
def test_shares_round_as_in_scikit_learn(share: float) -> None:
    _, expected = train_test_split(range(100), test_size=share)
    for name, shares in (("test", (share, 0.0)), ("val", (0.0, share))):
        rows = split_rows(
            REAL, test_share=shares[0], validation_share=shares[1], seed=0
        )
        assert len(rows[name]) == len(expected)


def test_a_split_of_no_rows_is_left_out() -> None:
    rows = split_rows(REAL, test_share=0.0, validation_share=0.0, seed=0)
    assert list(rows) == ["train"]
    assert rows["train"].tolist() == list(range(100))
    without_test = split_rows(REAL, test_share=0.0, validation_share=0.16, seed=0)
    assert list(without_test) == ["train", "val"]
    assert len(without_test["train"]) == 84


def test_shares_that_leave_nothing_to_train_on_are_refused() -> None:
    words = r"test_share=0.5 .*validation_share=0.5 leave no rows of 100"
    with pytest.raises(UserError, match=words):
        split_rows(REAL, test_share=0.5, validation_share=0.5, seed=0)


def test_a_class_too_small_to_be_split_is_refused() -> None:
    lonely = samples(torch.tensor([0] * 20 + [1]), num_classes=2)
    with pytest.raises(UserError, match=r"cannot take . of 21 rows for test"):
        split_rows(lonely, **SHARES, seed=0)


@pytest.mark.parametrize("rows", [REAL, UNEVEN])
def test_every_row_is_in_the_test_of_one_fold(rows: Samples) -> None:
    folds = [
        split_rows(rows, **SHARES, seed=0, num_folds=5, fold=fold) for fold in range(5)
    ]
    tests = torch.cat([fold["test"] for fold in folds])
    assert sorted(tests.tolist()) == list(range(len(rows.inputs)))
    for fold in folds:
        together = torch.cat([fold["train"], fold["val"], fold["test"]])
        assert sorted(together.tolist()) == list(range(len(rows.inputs)))
        assert len(fold["val"]) == 0.16 * len(rows.inputs)


def test_folds_keep_the_shares_of_classes() -> None:
    rows = split_rows(UNEVEN, **SHARES, seed=0, num_folds=5, fold=2)
    assert UNEVEN.targets[rows["test"]].bincount().tolist() == [70, 20, 10]


@pytest.mark.parametrize(("num_folds", "fold"), [(1, 0), (101, 0), (5, 5), (5, -1)])
def test_impossible_folds_are_refused(num_folds: int, fold: int) -> None:
    with pytest.raises(UserError, match=f"num_folds={num_folds} data.fold={fold}: "):
        split_rows(REAL, **SHARES, seed=0, num_folds=num_folds, fold=fold)


def test_a_share_is_not_rounded_up_for_the_noise_of_floating_point() -> None:
    assert (
        len(split_rows(REAL, test_share=0.07, validation_share=0, seed=0)["test"]) == 7
    )


def test_a_split_of_one_row_is_refused() -> None:
    with pytest.raises(UserError, match="a test split of one row of 100 measures"):
        split_rows(REAL, test_share=0.004, validation_share=0, seed=0)
