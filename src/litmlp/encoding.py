"""Encoding of category codes for the network: one-hot, or learned embeddings."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litmlp.errors import UserError


class Encoding(nn.Module):
    """Numbers and category codes [B, numbers + codes] → features [B, num_features].

    A column of few codes becomes one column per code (one-hot); a column of many codes
    becomes a learned vector (Guo and Berkhahn 2016, https://arxiv.org/abs/1604.06737).

    Args:
        num_numbers: number of columns before the codes, which pass through.
        cardinalities: number of codes of each other column.
        max_one_hot: a column of more codes is embedded.
        embedding_size: length of the vector; by default 1.6 · codes^0.56, at most 64.

    Raises:
        UserError: a size below its range.
    """

    def __init__(
        self,
        *,
        num_numbers: int,
        cardinalities: Sequence[int],
        max_one_hot: int,
        embedding_size: int | None = None,
    ) -> None:
        super().__init__()
        if max_one_hot < 0:
            raise UserError(f"max_one_hot={max_one_hot}: must be 0 or more")
        if embedding_size is not None and embedding_size < 1:
            raise UserError(
                f"embedding_size={embedding_size}: must be 1 or more, or null"
            )
        self.num_numbers = num_numbers
        self.cardinalities = list(cardinalities)
        self.embeddings = nn.ModuleDict()
        self.num_features = num_numbers
        for i, codes in enumerate(cardinalities):
            size = embedding_size or min(64, round(1.6 * codes**0.56))
            if codes > max_one_hot:
                self.embeddings[str(i)] = nn.Embedding(codes, size)
            self.num_features += size if codes > max_one_hot else codes

    def forward(self, inputs: Tensor) -> Tensor:
        if not self.cardinalities:
            return inputs
        numbers, codes = inputs.tensor_split([self.num_numbers], dim=1)
        encoded = [numbers]
        for i, column in enumerate(codes.long().T):
            if str(i) in self.embeddings:
                encoded.append(self.embeddings[str(i)](column))
            else:
                one_hot = F.one_hot(column, self.cardinalities[i])
                encoded.append(one_hot.to(inputs.dtype))
        return torch.cat(encoded, dim=1)
