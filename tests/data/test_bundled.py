"""Bundled sets against scikit-learn, and the facts and loaders of a data module."""

from typing import Any

import pytest
import torch
from sklearn import datasets

from litmlp.data.bundled import BundledData
from litmlp.errors import UserError


def test_classes_are_scikit_learns() -> None:
    data = BundledData(name="wine")
    samples, reference = data.samples, datasets.load_wine()
    assert samples.inputs.dtype == torch.float32
    torch.testing.assert_close(
        samples.inputs.double(), torch.tensor(reference.data), rtol=1e-6, atol=0.0
    )
    assert samples.targets.tolist() == reference.target.tolist()
    assert samples.class_names == [str(n) for n in reference.target_names]
    names = [str(name) for name in reference.feature_names]
    assert [column.name for column in samples.columns] == names
    assert data.facts["num_outputs"] == len(data.facts["class_names"]) == 3


def test_diabetes_has_a_real_valued_target() -> None:
    samples = BundledData(name="diabetes").samples
    assert samples.inputs.shape == (442, 10)
    assert samples.targets.shape == (442, 1)
    assert samples.targets[:, 0].tolist() == datasets.load_diabetes().target.tolist()
    assert samples.class_names == ()


def test_double_precision_is_kept_where_it_is_the_default() -> None:
    torch.set_default_dtype(torch.float64)
    try:
        samples = BundledData(name="iris").samples
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(samples.inputs, torch.tensor(datasets.load_iris().data))


def test_facts_of_a_regression_measure_the_training_targets() -> None:
    data = BundledData(name="diabetes")
    train = data.samples.targets[data.rows["train"]].double()
    assert data.facts["num_outputs"] == 1
    assert data.facts["target_mean"] == pytest.approx(train.mean(0).tolist())
    std = train.std(0, correction=0).tolist()
    assert data.facts["target_std"] == pytest.approx(std)
    facts = BundledData(name="diabetes", standardize_target=False).facts
    assert (facts["target_mean"], facts["target_std"]) == ([0.0], [1.0])


def test_splits_are_evaluated_in_order_and_in_full() -> None:
    data = BundledData(name="iris")
    loaders = data.test_dataloader()
    assert list(loaders) == ["train", "val", "test"]
    for split, loader in loaders.items():
        ((features, targets),) = loader
        assert torch.equal(features, data.split_features[split])
        assert torch.equal(targets, data.samples.targets[data.rows[split]])
    assert BundledData(name="iris", validation_share=0.0).val_dataloader() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_size": 0}, "batch_size=0: must be 1 or more, full or auto"),
        ({"test_share": 1.0}, r"test_share=1.0: must lie in \[0, 1\)"),
        ({"validation_share": -0.1}, r"validation_share=-0.1: must lie in \[0, 1\)"),
    ],
)
def test_impossible_values_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        BundledData(name="iris", **changes)
