"""What lets a member have the same bits in any company.

The processor takes many numbers at once, and those left over one by one: functions such
as a sigmoid or a power then have other last digits. So numbers are filled up, that none
are left over. Where torch uses several threads it deals the numbers out to them anew
with every count, and products are summed up otherwise: that is not seen to here.
"""

import torch.nn.functional as F
from torch import Tensor

LANES = 64
"""A multiple of how many numbers any processor takes at once."""


def filled_up(tensor: Tensor) -> Tensor:
    """Zeros after each member's: [K, B, …] → [K, full lanes, …]."""
    missing = -tensor.shape[1] % LANES
    if not missing:
        return tensor
    return F.pad(tensor, (0, 0) * (tensor.ndim - 2) + (0, missing))


def power(base: Tensor | float, exponent: Tensor) -> Tensor:
    """Of columns [K, 1]."""
    both = [filled_up(x.T) if isinstance(x, Tensor) else x for x in (base, exponent)]
    result: Tensor = both[0] ** both[1]
    return result[:, : len(exponent)].T
