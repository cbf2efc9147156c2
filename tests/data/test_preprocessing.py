"""Preprocessing of raw features to numbers and codes."""

import math

import pytest
import torch

from litmlp.data.bundled import BundledData
from litmlp.data.preprocessing import MISSING, UNSEEN, Preprocessing
from litmlp.data.samples import Column
from litmlp.data.scaling import Standardize

NAN, INF = math.nan, math.inf
COLUMNS = [
    Column(name="age"),
    Column(name="city", kind="categorical", categories=["Bern", "Oslo", "Rome"]),
    Column(name="member", kind="boolean"),
]
TRAIN = torch.tensor([[10.0, 0, 1], [20, 2, 0], [NAN, NAN, 1], [30, 0, 0], [INF, 2, 1]])


def preprocessing() -> Preprocessing:
    return Preprocessing(TRAIN, columns=COLUMNS, scale=Standardize)


def test_numbers_are_scaled_marks_follow_and_codes_come_last() -> None:
    fitted = preprocessing()
    assert fitted.num_numbers == 3
    assert fitted.cardinalities == [5]
    deviation = math.sqrt(200 / 3)
    age = [-10 / deviation, 0, 0, 10 / deviation, 0]
    output = fitted(TRAIN)
    torch.testing.assert_close(output[:, 0], torch.tensor(age))
    assert output[:, 2].tolist() == [0, 0, 1, 0, 1]
    assert output[:, 3].tolist() == [2, 4, MISSING, 2, 4]


def test_a_category_that_training_lacks_is_unseen() -> None:
    rows = torch.tensor([[10.0, 1, 1], [10, -1, 1], [10, 0, 1], [10, NAN, 1]])
    assert preprocessing()(rows)[:, 3].tolist() == [UNSEEN, UNSEEN, 2, MISSING]


def test_a_column_all_missing_is_harmless() -> None:
    rows = torch.tensor([[NAN, 0, 1.0], [NAN, 1, 0]])
    output = Preprocessing(rows, columns=COLUMNS, scale=Standardize)(rows)
    assert output.isfinite().all()
    assert output[:, 0].tolist() == [0, 0]


def test_a_table_of_nothing_but_categories() -> None:
    rows = torch.tensor([[0.0], [1], [0]])
    fitted = Preprocessing(rows, columns=COLUMNS[1:2], scale=Standardize)
    assert fitted(rows).tolist() == [[2], [3], [2]]
    assert fitted.num_numbers == 0


def test_statistics_are_part_of_the_checkpoint() -> None:
    other = TRAIN.clone()
    other[:, 0] = torch.tensor([5.0, NAN, 7, 8, 9])
    restored = Preprocessing(other, columns=COLUMNS, scale=Standardize)
    restored.load_state_dict(preprocessing().state_dict())
    assert torch.equal(restored(TRAIN), preprocessing()(TRAIN))


def test_only_training_rows_are_measured() -> None:
    data = BundledData(name="wine")
    train = data.samples.inputs[data.rows["train"]]
    mean, std = train.mean(0), train.std(0, correction=0)
    torch.testing.assert_close(data.fitted_preprocessing.scale.mean, mean)
    torch.testing.assert_close(data.fitted_preprocessing.scale.std, std)
    for split, features in data.split_features.items():
        raw = data.samples.inputs[data.rows[split]]
        torch.testing.assert_close(features, (raw - mean) / std)


def test_chunks_change_no_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = BundledData(name="wine")
    expected = whole.split_features
    monkeypatch.setattr("litmlp.data.preprocessing.CHUNK", 50)
    monkeypatch.setattr("litmlp.data.scaling.BLOCK", 3 * len(whole.rows["train"]))
    in_pieces = BundledData(name="wine").split_features
    for split, features in expected.items():
        torch.testing.assert_close(in_pieces[split], features)
