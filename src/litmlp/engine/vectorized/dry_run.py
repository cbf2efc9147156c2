"""One batch through a run's vectorized form, before a group depends on it."""

import torch
from torch import Tensor

from litmlp.engine.run.prepare import Run
from litmlp.engine.vectorized.stack import Stack
from litmlp.engine.vectorized.stacked_loss import Objective
from litmlp.engine.vectorized.stacked_mlp import Chain, is_chain
from litmlp.engine.vectorized.stacked_module import Mapped


@torch.random.fork_rng(devices=[])
def loss_in_stack(run: Run) -> Tensor:
    """The loss of a run's first batch in a stack of its own; the run stays as it is.

    What torch's vectorizing map cannot follow, such as a branch that depends on the
    values of a tensor, raises here what it would raise in a group.
    """
    model, data = run.model, run.data
    batch = slice(data.train_batches.sizes[0])
    stack = Stack([model], model.device)
    fast = is_chain(model)  # knows all its parts, of which dropout wants masks
    network = Chain(model) if fast else Mapped(model)
    features = data.features["train"][batch][None]
    tensors = stack.leaves | stack.buffers
    outputs = network(tensors, features, [], training=not fast)
    targets = data.split_targets["train"][batch][None]
    return Objective([model])(outputs, targets, stack.leaves, None)
