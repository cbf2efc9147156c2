"""Averages of the weights over the training, which are validated and kept as best."""

from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from litmlp.errors import UserError
from litmlp.supervised import Supervised


class Averaging(Callback):
    """Keeps a running average of the weights in ``model.average``.

    The training goes on with the weights themselves; ``last.ckpt`` holds both. The
    running statistics of batchnorm are those of the training: an average already.

    Lightning's ``WeightAveraging`` shows the average to the validation alone, so that
    the checkpoint of the best epoch would hold the weights themselves.
    """

    def __init__(self) -> None:
        self.average: dict[str, Tensor] = {}
        self._step = 0

    def fraction(self, *, step: int, epoch: int, ends_epoch: bool) -> float:
        """Return the fraction of the newest weights in the average.

        Steps are counted with the newest, epochs from 1.
        """
        raise NotImplementedError

    def on_train_start(self, trainer: Trainer, model: LightningModule) -> None:
        weights = {name: p.detach().clone() for name, p in model.named_parameters()}
        self.average = {n: self.average.get(n, p).to(p) for n, p in weights.items()}
        cast(Supervised, model).average = self.average
        self._step = trainer.global_step

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: Trainer, model: LightningModule, outputs: Any, batch: Any, i: int
    ) -> None:
        step = trainer.global_step
        if step == self._step:  # gradients are being accumulated
            return
        self._step = step
        fraction = self.fraction(
            step=step,
            epoch=trainer.current_epoch + 1,
            ends_epoch=trainer.is_last_batch or step == trainer.max_steps,
        )
        for name, parameter in model.named_parameters() if fraction else ():
            self.average[name].lerp_(parameter, fraction)

    def on_fit_end(self, trainer: Trainer, model: LightningModule) -> None:
        cast(Supervised, model).average = self.average = {}

    def state_dict(self) -> dict[str, Any]:
        return {"average": self.average}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.average = state["average"]


class EMA(Averaging):
    """Exponential moving average: after each step, decay · average + rest · weights.

    The first steps have a smaller decay, (1 + step) / (10 + step), so that the initial
    weights are soon forgotten.

    Source: Polyak and Juditsky 1992, https://doi.org/10.1137/0330046

    Args:
        decay: the average reaches back over about 1 / (1 − decay) steps.

    Raises:
        UserError: a decay outside [0, 1).
    """

    def __init__(self, *, decay: float) -> None:
        super().__init__()
        if not 0 <= decay < 1:
            raise UserError(f"decay={decay}: must lie in [0, 1)")
        self.decay = decay

    def fraction(self, *, step: int, epoch: int, ends_epoch: bool) -> float:
        return 1 - min(self.decay, (1 + step) / (10 + step))


class SWA(Averaging):
    """Mean of the weights at the ends of epochs, from an epoch on.

    Up to this epoch the average equals the weights.

    Source: Izmailov et al. 2018, https://arxiv.org/abs/1803.05407

    Args:
        first_epoch: the first epoch that counts, from 1.

    Raises:
        UserError: an epoch below 1.
    """

    def __init__(self, *, first_epoch: int) -> None:
        super().__init__()
        if first_epoch < 1:
            raise UserError(f"first_epoch={first_epoch}: must be 1 or more")
        self.first_epoch = first_epoch

    def fraction(self, *, step: int, epoch: int, ends_epoch: bool) -> float:
        return 1 / max(1, epoch - self.first_epoch + 1) if ends_epoch else 0.0
