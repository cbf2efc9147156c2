"""What a model keeps of the batches of an epoch."""

import torch

from litmlp import training_state
from litmlp.training_state import EpochState


def test_small_tensors_are_joined_and_no_row_is_lost() -> None:
    state, rows = EpochState(), torch.arange(600.0)
    for row in rows:
        state.keep("train", (row[None], -row[None]))
        assert len(state.batches["train"]) < training_state.MOST_KEPT
    outputs, targets = state.state_dict()["batches"]
    assert torch.equal(outputs, rows)
    assert torch.equal(targets, -rows)
    again = EpochState()
    again.load_state_dict(state.state_dict())
    assert torch.equal(again.batches["train"][0][0], rows)
