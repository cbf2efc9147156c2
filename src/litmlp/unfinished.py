"""What training knows of an epoch under way, beside the weights and the optimizer."""

from typing import TYPE_CHECKING, Any

import torch

from litmlp import random_numbers

if TYPE_CHECKING:
    from litmlp.supervised import Supervised


def state(model: "Supervised") -> dict[str, Any]:
    """All of it in plain types: a checkpoint holds it.

    ``processes`` has an entry for each: the outputs and targets of its batches so far,
    and the states of its random numbers.
    """
    seen = zip(*model._seen.get("train", []), strict=True)
    own = {
        "seen": [torch.cat(part) for part in seen],
        "random": random_numbers.states(),
    }
    processes = [own] * model.trainer.world_size
    if model.trainer.world_size > 1:
        torch.distributed.all_gather_object(processes, own)
    return {
        "pace": model._pace,
        "metrics": dict(model.trainer.callback_metrics),
        "processes": processes,
    }


def resume(model: "Supervised", state: dict[str, Any]) -> None:
    """Put it back, just before the batch that comes next.

    Raises:
        UserError: another number of processes trained the checkpoint.
    """
    model._pace = state["pace"]
    model.trainer.callback_metrics.update(state["metrics"])
    own = state["processes"][model.global_rank]
    if own["seen"]:
        model._seen["train"] = [tuple(part.to(model.device) for part in own["seen"])]
    random_numbers.restore(own["random"])
