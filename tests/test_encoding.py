"""Encoding of category codes."""

import pytest
import torch

from litmlp.encoding import Encoding
from litmlp.errors import UserError

ROWS = torch.tensor([[0.5, 2.0, 0.0], [1.5, 0.0, 3.0]])


def test_few_categories_become_a_column_each() -> None:
    encoding = Encoding(num_numbers=1, cardinalities=[3, 4], max_one_hot=4)
    assert encoding.num_features == 8
    assert encoding(ROWS).tolist() == [
        [0.5, 0, 0, 1, 1, 0, 0, 0],
        [1.5, 1, 0, 0, 0, 0, 0, 1],
    ]


def test_many_categories_become_a_learned_vector() -> None:
    encoding = Encoding(
        num_numbers=1, cardinalities=[3, 4], max_one_hot=3, embedding_size=2
    )
    output = encoding(ROWS)
    assert output.shape == (2, encoding.num_features) == (2, 6)
    vectors = encoding.embeddings["1"].weight
    assert torch.equal(output[:, 4:], vectors[torch.tensor([0, 3])])
    output.sum().backward()
    assert vectors.grad is not None


def test_a_vectors_length_grows_with_the_categories() -> None:
    sizes = [
        Encoding(num_numbers=0, cardinalities=[n], max_one_hot=0).num_features
        for n in (10, 100, 10_000)
    ]
    assert sizes == [6, 21, 64]


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(UserError, match="max_one_hot=-1: must be 0 or more"):
        Encoding(num_numbers=0, cardinalities=[2], max_one_hot=-1)
    with pytest.raises(UserError, match="embedding_size=0: must be 1 or more"):
        Encoding(num_numbers=0, cardinalities=[2], max_one_hot=0, embedding_size=0)
