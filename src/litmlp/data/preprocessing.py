"""From raw features to numbers and codes: fitted on training rows, then fixed."""

from collections.abc import Callable, Sequence
from typing import Self

import torch
from torch import Tensor, nn

from litmlp.data.samples import Column

CHUNK = 2**16
"""Rows that are worked on at once: what comes up on the way stays small."""
UNSEEN, MISSING = 0, 1
"""Codes of a category that training rows did not have, and of no category."""


class Preprocessing(nn.Module):
    """Raw features [B, columns] → scaled numbers, missing marks, category codes.

    A number that is missing (or infinite) becomes 0, the middle of its scaled column,
    and columns with such rows in training get a mark, 1 where the number is missing.
    A category becomes 2 + its index, ``UNSEEN`` or ``MISSING``.

    Args:
        inputs: training rows [N, columns].
        columns: what they are.
        scale: makes the scale of the numeric columns from their training rows.
    """

    numeric: Tensor
    categorical: Tensor
    marked: Tensor
    known: Tensor

    def __init__(
        self,
        inputs: Tensor,
        *,
        columns: Sequence[Column],
        scale: Callable[[Tensor], nn.Module],
    ) -> None:
        super().__init__()
        is_code = torch.tensor([c.kind == "categorical" for c in columns])
        self.register_buffer("numeric", torch.where(~is_code)[0])
        self.register_buffer("categorical", torch.where(is_code)[0])
        numbers = torch.cat([self._numbers(chunk) for chunk in chunks(inputs)])
        missing = numbers.isnan().any(dim=0)
        self.register_buffer("marked", torch.where(missing)[0])
        self.scale = scale(numbers)
        sizes = [len(c.categories) for c in columns if c.kind == "categorical"]
        known = torch.zeros(len(sizes), max(sizes, default=0), dtype=torch.bool)
        for i, codes in enumerate(inputs[:, self.categorical].T):
            present = codes[codes >= 0].long().unique()
            known[i, present] = True
        self.register_buffer("known", known)
        self.cardinalities = [2 + size for size in sizes]

    @classmethod
    def blank(
        cls,
        columns: Sequence[Column],
        *,
        scale: Callable[[Tensor], nn.Module],
        num_marked: int,
    ) -> Self:
        """One that has seen no rows: the state of a fitted one can be loaded into it.

        Args:
            num_marked: numeric columns that have a mark.
        """
        row = torch.zeros(1, len(columns))
        numeric = [i for i, c in enumerate(columns) if c.kind != "categorical"]
        row[0, numeric[:num_marked]] = torch.nan
        return cls(row, columns=columns, scale=scale)

    @property
    def num_numbers(self) -> int:
        """Columns of the output before the codes."""
        return len(self.numeric) + len(self.marked)

    def forward(self, inputs: Tensor) -> Tensor:
        numbers = self._numbers(inputs)
        marks = numbers[:, self.marked].isnan().to(numbers.dtype)
        scaled = torch.nan_to_num(self.scale(numbers), nan=0.0)
        return torch.cat([scaled, marks, self._codes(inputs)], dim=1)

    def _numbers(self, inputs: Tensor) -> Tensor:
        numbers = inputs[:, self.numeric]
        return torch.where(numbers.isfinite(), numbers, torch.nan)

    def _codes(self, inputs: Tensor) -> Tensor:
        raw = inputs[:, self.categorical]
        index = torch.nan_to_num(raw, nan=-1.0).clamp(min=0).long()
        rows = torch.arange(raw.shape[1], device=raw.device)
        seen = (raw >= 0) & self.known[rows, index]
        codes = torch.where(seen, index + 2, UNSEEN)
        return torch.where(raw.isnan(), MISSING, codes).to(inputs.dtype)


def chunks(rows: Tensor) -> Sequence[Tensor]:
    """Some thousand rows at a time."""
    return torch.split(rows, CHUNK)
