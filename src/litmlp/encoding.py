"""Encoding of numbers and category codes for the network."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litmlp.errors import UserError


class Encoding(nn.Module):
    """Numbers and category codes [B, numbers + codes] → features [B, num_features].

    A column of few codes becomes one column per code (one-hot); a column of many codes
    becomes a learned vector (Guo and Berkhahn 2016, https://arxiv.org/abs/1604.06737).
    The numbers pass through, or an embedding turns each into a vector.

    Args:
        num_numbers: number of columns before the codes.
        cardinalities: number of codes of each other column.
        max_one_hot: a column of more codes is embedded.
        embedding_size: length of the vector; by default 1.6 · codes^0.56, at most 64.
        embedding: makes the embedding of the first columns from their training rows.
        numbers: these rows [N, columns]; None if no column is to be embedded.

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
        embedding: Callable[[Tensor], nn.Module] = nn.Identity,
        numbers: Tensor | None = None,
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
        numbers = torch.zeros(1, 0) if numbers is None else numbers
        self.num_embedded = numbers.shape[1]
        self.embedding = embedding(numbers)
        width = self.embedding(numbers[:1]).shape[1]
        self.num_features = num_numbers - self.num_embedded + width
        for i, codes in enumerate(cardinalities):
            size = embedding_size or min(64, round(1.6 * codes**0.56))
            if codes > max_one_hot:
                self.embeddings[str(i)] = nn.Embedding(codes, size)
            self.num_features += size if codes > max_one_hot else codes

    def forward(self, inputs: Tensor) -> Tensor:
        if not self.cardinalities and isinstance(self.embedding, nn.Identity):
            return inputs
        ends = [self.num_embedded, self.num_numbers]
        numbers, marks, codes = inputs.tensor_split(ends, dim=1)
        encoded = [self.embedding(numbers), marks]
        for i in range(len(self.cardinalities)):  # torch.export loads no empty unbind
            column = codes[:, i].long()
            if str(i) in self.embeddings:
                encoded.append(self.embeddings[str(i)](column))
            else:
                one_hot = F.one_hot(column, self.cardinalities[i])
                encoded.append(one_hot.to(inputs.dtype))
        return torch.cat(encoded, dim=1)
