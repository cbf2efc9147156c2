"""What training knows of an epoch under way, beside the weights and the optimizer."""

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from litmlp.engine.process import random_state
from litmlp.errors import UserError

if TYPE_CHECKING:
    from litmlp.supervised import Supervised


def save(model: "Supervised", checkpoint: dict[str, Any]) -> None:
    """Add it to a checkpoint, in plain types.

    ``processes`` has an entry for each: the outputs and targets of its batches so far,
    and the states of its random numbers.
    """
    trainer = model.trainer
    seen = zip(*model._seen.get("train", []), strict=True)
    own = {
        "seen": [torch.cat(part) for part in seen],
        "random": random_state.states(),
    }
    processes = [own] * trainer.world_size
    if trainer.world_size > 1:
        torch.distributed.all_gather_object(processes, own)
    checkpoint["samples"] = model._samples
    checkpoint["unfinished"] = {
        "pace": model._pace,
        "metrics": dict(trainer.callback_metrics),
        "processes": processes,
    }


def load(model: "Supervised", checkpoint: dict[str, Any]) -> None:
    """Take it from a checkpoint, for :func:`resume`."""
    model._samples = checkpoint["samples"]
    model._unfinished = checkpoint["unfinished"]


def resume(model: "Supervised") -> None:
    """Put what was loaded, if anything, back in place when training starts.

    Raises:
        UserError: another number of processes saved it.
    """
    state, model._unfinished = model._unfinished, {}
    if not state:
        return
    processes, count = state["processes"], model.trainer.world_size
    if len(processes) != count:
        raise UserError(
            f"the checkpoint is of {len(processes)} process(es), this machine gives "
            f"{count}: a run goes on with as many devices as it was begun"
        )
    own = processes[model.global_rank]
    if own["seen"]:
        outputs, targets = own["seen"]
        model._seen["train"] = [(outputs.to(model.device), targets.to(model.device))]
    model._pace = state["pace"]
    model.trainer.callback_metrics.update(state["metrics"])
    random_state.restore(own["random"])
    for optimizer in model.trainer.optimizers:
        refuse_misfit(optimizer)


def refuse_other_optimizer(model: "Supervised", states: list[dict[str, Any]]) -> None:
    """Have a copy of a model and its optimizer go a step, before anything is changed.

    Raises:
        UserError: see :func:`refuse_misfit`.
        Exception: any other that torch raises for what it cannot go on with.
    """
    twin = copy.deepcopy(model)
    optimizer = twin.optimizer(twin.parameters())
    (state,) = states
    optimizer.load_state_dict(copy.deepcopy(state))
    refuse_misfit(optimizer)
    for weights in twin.parameters():
        weights.grad = torch.zeros_like(weights)
    optimizer.step(lambda: 0.0)


STEP = torch.empty((), dtype=torch.float32)
"""How fused steps are counted, whatever the type of the weights."""


def refuse_misfit(optimizer: Optimizer) -> None:
    """Torch's fused steps write as far as the weights go, whatever they write into.

    Raises:
        UserError: what an optimizer remembers of weights has not their size.
    """
    fused = [group for group in optimizer.param_groups if group.get("fused")]
    for weights in (weights for group in fused for weights in group["params"]):
        for name, value in optimizer.state.get(weights, {}).items():
            like = STEP if name == "step" else weights
            if isinstance(value, Tensor) and layout_of(value) != layout_of(like):
                raise UserError(
                    f"the checkpoint has {name} {list(value.shape)} for weights "
                    f"{list(weights.shape)}: it is not of this optimizer"
                )


def layout_of(tensor: Tensor) -> tuple[Any, ...]:
    """What memory a tensor takes, and how."""
    return tensor.dtype, tensor.shape, tensor.stride()
