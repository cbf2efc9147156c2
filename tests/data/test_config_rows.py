"""Rows that are written into the config."""

from typing import Any

import pytest
import torch
from torch import nn

from litmlp.data.config_rows import RowsData
from litmlp.errors import UserError


def rows(**changes: Any) -> RowsData:
    options = {
        "inputs": [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]],
        "targets": [[1], [2], [3]],
    }
    shares = {"test_share": 0.0, "validation_share": 0.0, "order_seed": None}
    plain = {"preprocessing": nn.Identity, "batch_size": 2}
    return RowsData(**options | shares | plain | changes)


def test_real_values_and_their_names() -> None:
    samples = rows(targets=[[1, 2], [3, 4], [5, 6]]).samples
    assert samples.inputs.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert samples.targets.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert [column.name for column in samples.columns] == ["x1", "x2"]
    assert list(samples.target_names) == ["y1", "y2"]
    assert not samples.class_names


def test_numbers_are_read_to_the_last_digit() -> None:
    loaded = rows(inputs=[[0.1]], targets=[[0.2]]).load()
    assert (loaded.inputs.item(), loaded.targets.item()) == (0.1, 0.2)


def test_class_indices_and_shares() -> None:
    indices = rows(targets=[1, 0, 1], class_names=["cat", "dog"])
    assert indices.samples.targets.dtype == torch.int64
    assert indices.facts["class_names"] == ["cat", "dog"]
    shares = rows(targets=[[1, 0], [0.5, 0.5], [0, 1]], class_names=["cat", "dog"])
    assert shares.samples.targets[1].tolist() == [0.5, 0.5]
    assert shares.facts["num_outputs"] == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": []}, "got lengths \\[\\]"),
        ({"inputs": [[], [], []]}, "got lengths \\[0\\]"),
        ({"inputs": [[1], [1, 2], [1]]}, "inputs: .* got lengths \\[1, 2\\]"),
        ({"targets": [[1]]}, "3 rows of inputs and 1 of targets"),
        ({"targets": [[1], [1, 2], [1]]}, "targets: .* got lengths"),
        ({"targets": [1, 0, 1]}, "need data.class_names"),
        ({"targets": [1, 0, 2], "class_names": ["a", "b"]}, "go from 0 to 1"),
        ({"targets": [1, 0, -1], "class_names": ["a", "b"]}, "go from 0 to 1"),
        ({"class_names": ["a", "b"]}, "targets: 1 numbers per row for 2 classes"),
    ],
)
def test_rows_that_do_not_fit_are_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        rows(**changes)
