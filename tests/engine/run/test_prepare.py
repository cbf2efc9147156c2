"""Callbacks of Lightning that would spoil a run are refused before it begins."""

import pytest
from lightning.pytorch import Callback, Trainer, callbacks

from litmlp.callbacks.checkpoint import BestAndLast
from litmlp.engine.run.prepare import UNFIT, check_callbacks
from litmlp.errors import UserError

SPOILING = {
    "WeightAveraging": callbacks.WeightAveraging(),
    "EMAWeightAveraging": callbacks.EMAWeightAveraging(decay=0.9),
    "StochasticWeightAveraging": callbacks.StochasticWeightAveraging(swa_lrs=0.01),
    "ModelPruning": callbacks.ModelPruning("l1_unstructured"),
    "LearningRateFinder": callbacks.LearningRateFinder(),
    "BatchSizeFinder": callbacks.BatchSizeFinder(),
    "BackboneFinetuning": callbacks.BackboneFinetuning(),
}


def trainer_with(*more: Callback) -> Trainer:
    own = BestAndLast(folder="unused", monitor="loss/val", mode="min")
    quiet = {"enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(accelerator="cpu", logger=False, callbacks=[own, *more], **quiet)


@pytest.mark.parametrize("name", SPOILING)
def test_a_callback_that_replaces_the_weights_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"^callbacks: {name} is not supported: "):
        check_callbacks(trainer_with(SPOILING[name]))


def test_other_callbacks_of_lightning_are_welcome() -> None:
    accumulation = callbacks.GradientAccumulationScheduler({0: 1, 4: 2})
    check_callbacks(trainer_with(callbacks.LearningRateMonitor(), accumulation))
    assert set(UNFIT) <= set(SPOILING)
