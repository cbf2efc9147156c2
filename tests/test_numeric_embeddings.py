"""Embeddings of numeric features, against their formulas."""

import math

import pytest
import torch
from torch import Tensor

from litmlp.encoding import Encoding
from litmlp.errors import UserError
from litmlp.numeric_embeddings import Periodic, PiecewiseLinear

NUMBERS = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))


def encoded_pieces(numbers: Tensor, knots: Tensor) -> Tensor:
    """Equation 1 of Gorishniy et al. 2022, number by number: [B, F, T]."""
    low, high = knots[:, :-1], knots[:, 1:]
    pieces = (numbers[:, :, None] - low) / (high - low)
    pieces[:, :, 0] = pieces[:, :, 0].clamp(min=0)  # flat outside the knots
    return pieces.clamp(0, 1)


def test_piecewise_linear_is_a_linear_map_of_the_encoded_pieces() -> None:
    embedding = PiecewiseLinear(NUMBERS, num_bins=8, size=4)
    numbers = torch.cat([NUMBERS, 100 * NUMBERS[:5]])
    pieces = encoded_pieces(numbers, embedding.knots.T)
    start, *steps = embedding.steps
    vectors = torch.einsum("bft,tfs->bfs", pieces, torch.stack(steps)) + start
    expected = torch.cat([numbers, vectors.flatten(1)], dim=1)
    torch.testing.assert_close(embedding(numbers), expected)
    ours, reference = (
        torch.autograd.grad(out.square().sum(), embedding.steps)[0]
        for out in (embedding(numbers), expected)
    )
    torch.testing.assert_close(ours, reference)


def test_knots_are_quantiles_of_the_training_rows() -> None:
    embedding = PiecewiseLinear(NUMBERS.double(), num_bins=4)
    expected = NUMBERS.double().quantile(torch.linspace(0, 1, 5).double(), dim=0)
    torch.testing.assert_close(embedding.knots, expected)


def test_a_column_of_few_values_has_one_vector_per_value() -> None:
    column = torch.tensor([[0.0], [0.0], [0.0], [1.0], [1.0]])
    embedding = PiecewiseLinear(column, num_bins=8, size=2)
    outputs = embedding(torch.tensor([[0.0], [0.0], [1.0], [5.0]]))
    assert outputs.isfinite().all()
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[1, 1:], outputs[2, 1:])
    assert torch.equal(outputs[2, 1:], outputs[3, 1:])


def test_periodic_maps_the_waves_of_each_feature_by_itself() -> None:
    embedding = Periodic(NUMBERS, num_frequencies=5, size=2)
    feature = NUMBERS[:, 1]
    angles = 2 * math.pi * torch.outer(feature, embedding.frequencies[1])
    waves = (angles + embedding.phases[1]).cos() @ embedding.weight[1]
    outputs = embedding(NUMBERS)
    torch.testing.assert_close(outputs[:, 3 + 2 : 3 + 4], waves + embedding.bias[1])
    assert torch.equal(outputs[:, :3], NUMBERS)


@pytest.mark.parametrize("embedding", [PiecewiseLinear, Periodic])
def test_the_encoding_leaves_marks_and_codes_beside_the_vectors(
    embedding: type[PiecewiseLinear | Periodic],
) -> None:
    encoding = Encoding(
        num_numbers=4,
        cardinalities=[3],
        max_one_hot=16,
        embedding=lambda numbers: embedding(numbers, size=2),
        numbers=NUMBERS,
    )
    rest = torch.tensor([1.0, 2.0]).expand(200, 2)  # a mark and a code
    outputs = encoding(torch.cat([NUMBERS, rest], dim=1))
    assert outputs.shape == (200, encoding.num_features) == (200, 3 + 6 + 1 + 3)
    assert outputs[0, -4:].tolist() == [1, 0, 0, 1]


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(UserError, match="num_bins=0: must be 1 or more"):
        PiecewiseLinear(NUMBERS, num_bins=0)
    with pytest.raises(UserError, match="size=0: must be 1 or more"):
        Periodic(NUMBERS, size=0)
    with pytest.raises(UserError, match="deviation=0: must be positive"):
        Periodic(NUMBERS, deviation=0)
