"""What Lightning's Trainer takes and a run cannot do with, as one clear line."""

from collections.abc import Mapping
from typing import Any

from litmlp.errors import UserError

INSTEAD = {
    "limit_train_batches": "trainer.max_epochs=0 trains nothing",
    "limit_val_batches": "data.validation_share=0 does without validation",
    "limit_test_batches": "data.test_share=0 does without a test",
}
"""Of which a run wants at least one batch, and what is meant by none."""

COUNTS = ("accumulate_grad_batches", "check_val_every_n_epoch")
"""Of what happens every so often, which Lightning would divide by."""


def refuse_unfit(arguments: Mapping[str, Any]) -> None:
    """
    Raises:
        UserError: arguments of a Trainer that leave nothing to train on or to measure.
    """
    for name, instead in INSTEAD.items():
        if arguments.get(name) == 0:
            raise UserError(f"trainer.{name}=0 leaves nothing to measure: {instead}")
    for name in COUNTS:
        value = arguments.get(name)
        if isinstance(value, int) and value < 1:
            raise UserError(f"trainer.{name}={value}: must be 1 or more")
    if arguments.get("overfit_batches"):
        raise UserError(
            "trainer.overfit_batches would take batches as they come: "
            "trainer.limit_train_batches=… trains on the first ones of each epoch"
        )
